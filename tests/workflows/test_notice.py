import importlib.util
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import ModuleType
from typing import Any

import pytest

from local.environment import PROJECT


@pytest.fixture
def notice() -> ModuleType:
    spec = importlib.util.spec_from_file_location("notice", PROJECT / ".github" / "notice.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def room() -> Iterator[tuple[str, list[Any]]]:
    heard: list[Any] = []

    class Room(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.append((self.path, self.headers["Content-Type"], json.loads(body)))
            self.send_response(500 if self.path == "/broken" else 200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Room) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", heard
        server.shutdown()
        thread.join()


def told(notice: ModuleType, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("CHAT_WEBHOOK_URL", url)
    monkeypatch.setattr("sys.argv", ["notice.py", 'Deployment "1"', "to prod"])
    notice.main()


def test_a_room_hears_the_text(notice: ModuleType, room: Any, monkeypatch: pytest.MonkeyPatch):
    url, heard = room
    told(notice, monkeypatch, f"{url}/hook")
    assert heard == [("/hook", "application/json", {"text": 'Deployment "1" to prod'})]


@pytest.mark.parametrize("url", ["{}/broken", "http://127.0.0.1:1/secret", "no address"])
def test_failing_chat_room_stops_nothing(
    notice: ModuleType,
    room: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    url: str,
):
    told(notice, monkeypatch, url.format(room[0]))
    said = capsys.readouterr().out
    assert said.startswith("::warning::the chat room could not be told: ")
    assert url.format(room[0]) not in said


def test_without_a_room_nobody_is_told(
    notice: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    told(notice, monkeypatch, "")
    assert capsys.readouterr().out == (
        "::notice::CHAT_WEBHOOK_URL is not set, so nobody was told\n"
    )
