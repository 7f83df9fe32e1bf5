import json
import logging
from datetime import datetime
from typing import Any

import pytest
import structlog
from event_messages.errors import MalformedEvent
from service_runtime.logs import configure_logs
from service_runtime.traces import continue_trace

TRACE = "0af7651916cd43dd8448eb211c80319c"


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_structlog_and_logging_write_same_lines(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logs("reminder-service")
    with continue_trace(f"00-{TRACE}-b7ad6b7169203331-01"):
        structlog.get_logger().info("stored", reminder="r1")
        logging.getLogger("any").info("stored", extra={"reminder": "r1"})
    written = lines(capsys)
    for line in written:
        assert datetime.fromisoformat(line.pop("timestamp")).utcoffset() is not None
    assert written == 2 * [
        {
            "event": "stored",
            "level": "info",
            "reminder": "r1",
            "service": "reminder-service",
            "trace_id": TRACE,
        }
    ]


def test_uvicorn_writes_json_without_access_lines(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logs("reminder-service")
    logging.getLogger("uvicorn.error").warning("port %d", 8080)
    logging.getLogger("uvicorn.access").info("GET /")
    assert [line["event"] for line in lines(capsys)] == ["port 8080"]


def test_exception_is_one_line_with_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("reminder-service")
    try:
        raise MalformedEvent("broken\nin two")
    except MalformedEvent:
        logging.getLogger("any").exception("failed")
    (line,) = lines(capsys)
    assert line["event"] == "failed"
    assert line["exception"].endswith("\nMalformedEvent: broken in two")


def test_log_level_keeps_clients_quiet(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logs("reminder-service", "INFO")
    structlog.get_logger().debug("detail")
    logging.getLogger("any").debug("detail")
    logging.getLogger("botocore.hooks").info("request with credentials")
    assert lines(capsys) == []
