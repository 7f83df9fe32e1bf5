import threading
from collections.abc import Callable, Iterator

import httpx
import pytest
import service_runtime.metrics  # noqa: F401 (what it defines is served)
from prometheus_client import REGISTRY, Gauge
from service_runtime.metrics_server import MetricsPortUnavailable, MetricsServer
from service_runtime.probes import NotReady, cache_check, check_all, health_app
from starlette.applications import Starlette

Serve = Callable[[Starlette], httpx.Client]


def failing(error: Exception) -> Callable[[], None]:
    def check() -> None:
        raise error

    return check


def test_a_healthy_process_says_so(serve: Serve) -> None:
    client = serve(health_app(live=lambda: True, ready=lambda: None))
    for path in ("/health/live", "/health/ready"):
        answer = client.get(path)
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_liveness_and_readiness_are_apart(serve: Serve) -> None:
    client = serve(health_app(live=lambda: True, ready=failing(NotReady("the queue"))))
    assert client.get("/health/live").status_code == 200
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.json()) == (
        503,
        {"status": "unavailable", "reason": "the queue"},
    )


def test_hanging_loop_is_not_live(serve: Serve) -> None:
    client = serve(health_app(live=lambda: False, ready=lambda: True))
    assert client.get("/health/live").status_code == 503
    assert client.get("/health/ready").status_code == 200


def test_failures_are_named_without_details() -> None:
    check = check_all(
        database=failing(ConnectionError("password=secret")),
        queue=lambda: False,
        topic=lambda: True,
    )
    with pytest.raises(NotReady, match="^database: ConnectionError; queue: failed$"):
        check()


def test_dependencies_are_cached_between_probes() -> None:
    asked: list[int] = []
    check = cache_check(lambda: asked.append(1), seconds=60)
    check()
    check()
    assert len(asked) == 1


def test_failure_is_cached_briefly() -> None:
    results = [False, True]
    check = cache_check(lambda: results.pop(0), seconds=60, failure_seconds=0)
    with pytest.raises(NotReady):
        check()
    check()


@pytest.fixture
def metrics() -> Iterator[str]:
    server = MetricsServer(0, "127.0.0.1")
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.port:
        thread.join(0.01)
    yield f"http://127.0.0.1:{server.port}/metrics"
    server.stop()
    thread.join(60)
    assert not thread.is_alive()


def test_metrics_have_their_own_port(serve: Serve, metrics: str) -> None:
    client = serve(health_app(live=lambda: True, ready=lambda: True))
    assert client.get("/metrics").status_code == 404
    answer = httpx.get(metrics)
    assert answer.headers["content-type"].startswith("text/plain")
    assert "# TYPE outbox_oldest_seconds gauge" in answer.text


def test_probes_wait_for_no_scrape(serve: Serve, metrics: str) -> None:
    asked, answered = threading.Event(), threading.Event()

    def ask_the_database() -> float:
        asked.set()
        answered.wait(20)
        return 1

    gauge = Gauge("slow_gauge", "Waits for a database")
    gauge.set_function(ask_the_database)
    client = serve(health_app(live=lambda: True, ready=lambda: True))
    scrape = threading.Thread(target=httpx.get, args=[metrics], kwargs={"timeout": 20})
    scrape.start()
    try:
        assert asked.wait(10)
        assert client.get("/health/live").status_code == 200
        assert scrape.is_alive()
    finally:
        answered.set()
        scrape.join(60)
        REGISTRY.unregister(gauge)


def test_taken_metrics_port_is_named(metrics: str) -> None:
    port = httpx.URL(metrics).port or 0
    with pytest.raises(MetricsPortUnavailable, match=f"could not open port {port}"):
        MetricsServer(port, "127.0.0.1").run()
