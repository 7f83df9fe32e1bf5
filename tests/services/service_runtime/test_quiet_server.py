import threading

import uvicorn
from service_runtime import quiet_server
from service_runtime.quiet_server import QuietServer

from tests.waiting import eventually


async def app(scope, receive, send):
    """Answer nothing: the tests send no request."""


def server() -> QuietServer:
    return QuietServer(uvicorn.Config(app, port=0, lifespan="off", log_config=None))


def test_close_ends_a_sleeping_server(monkeypatch):
    monkeypatch.setattr(quiet_server, "TICK", 3600)
    quiet = server()
    running = threading.Thread(target=quiet.run, daemon=True)
    running.start()
    eventually(lambda: quiet.started)
    quiet.close()
    running.join(30)
    assert not running.is_alive()


def test_close_before_the_start_counts():
    quiet = server()
    quiet.close()
    running = threading.Thread(target=quiet.run, daemon=True)
    running.start()
    running.join(30)
    assert not running.is_alive()
