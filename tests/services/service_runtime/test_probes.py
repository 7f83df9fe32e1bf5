from collections.abc import Callable

import httpx
import pytest
import service_runtime.metrics  # noqa: F401 (what it defines is served)
from service_runtime.probes import NotReady, all_of, cached, health_app
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


def test_a_loop_that_hangs_is_not_live(serve: Serve) -> None:
    client = serve(health_app(live=lambda: False, ready=lambda: True))
    assert client.get("/health/live").status_code == 503
    assert client.get("/health/ready").status_code == 200


def test_all_that_fails_is_named_without_its_details() -> None:
    check = all_of(
        database=failing(ConnectionError("password=secret")),
        queue=lambda: False,
        topic=lambda: True,
    )
    with pytest.raises(NotReady, match="^database: ConnectionError; queue: not so$"):
        check()


def test_dependencies_are_not_asked_at_every_probe() -> None:
    asked: list[int] = []
    check = cached(lambda: asked.append(1), seconds=60)
    check()
    check()
    assert len(asked) == 1


def test_a_failure_is_remembered_only_for_its_time() -> None:
    results = [False, True]
    check = cached(lambda: results.pop(0), seconds=0)
    with pytest.raises(NotReady):
        check()
    check()


def test_metrics_are_served(serve: Serve) -> None:
    client = serve(health_app(live=lambda: True, ready=lambda: True))
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert "# TYPE outbox_oldest_seconds gauge" in answer.text
