"""Writes logs to standard output, as one JSON object per line."""

import logging
import sys
from typing import Any

import structlog
from event_messages.failures import render
from opentelemetry.trace import format_trace_id, get_current_span
from structlog.stdlib import ProcessorFormatter

_NOISY = ("botocore", "boto3", "urllib3", "httpx", "httpcore", "alembic.runtime.plugins")


def configure_logs(service: str, level: str = "INFO") -> None:
    """Format the logs of structlog, the standard library and uvicorn as JSON."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _origin(service),
        # Without statement parameters, texts, addresses or tokens
        structlog.processors.ExceptionRenderer(lambda exc_info: render(exc_info[1])),
    ]
    structlog.configure(
        processors=[*shared, ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(default=str, ensure_ascii=False),
            ],
        )
    )
    _replace_handlers(handler, level)


def _origin(service: str) -> Any:
    def add(logger: Any, method: str, event: dict[str, Any]) -> dict[str, Any]:
        event["service"] = service
        event.pop("color_message", None)  # of uvicorn, for terminals
        if trace_id := get_current_span().get_span_context().trace_id:
            event["trace_id"] = format_trace_id(trace_id)
        return event

    return add


def _replace_handlers(handler: logging.Handler, level: str) -> None:
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = True
    logging.getLogger("uvicorn.access").disabled = True  # metrics count requests
    for name in _NOISY:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
