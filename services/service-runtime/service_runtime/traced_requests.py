"""Opens a span for each HTTP request, in the trace of the caller."""

from opentelemetry.trace import Span, SpanKind
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service_runtime.traces import Work, continue_trace, fail, traceparent_of


class TraceMiddleware:
    """Continues the trace of the caller, and returns it in the response."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        caller = Headers(scope=scope).get("traceparent")
        with continue_trace(caller, _work(scope)) as span:

            async def send_traced(message: Message) -> None:
                if message["type"] == "http.response.start":
                    MutableHeaders(scope=message)["traceparent"] = traceparent_of(span)
                    _describe(span, scope, message["status"])
                await send(message)

            await self.app(scope, receive, send_traced)


def _work(scope: Scope) -> Work | None:
    """Return the description of the span, or None for probes, which are too frequent."""
    path: str = scope["path"]
    if path.startswith("/health/"):
        return None
    attributes = {
        "http.request.method": scope["method"],
        "url.scheme": scope.get("scheme", "http"),
        "url.path": path,
    }
    return Work(scope["method"], SpanKind.SERVER, attributes)


def _describe(span: Span, scope: Scope, status: int) -> None:
    """Add the status and the route, which is known only when the application has answered."""
    span.set_attribute("http.response.status_code", status)
    if route := getattr(scope.get("route"), "path", ""):
        span.update_name(f"{scope['method']} {route}")
        span.set_attribute("http.route", route)
    if status >= 500:
        fail(span, str(status))
