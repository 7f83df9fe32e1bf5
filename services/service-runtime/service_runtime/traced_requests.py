"""Opens a span for each HTTP request, in the trace of the caller."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service_runtime.traces import Span, Work, continue_trace, current_span


class TraceMiddleware:
    """Continues the trace of the caller, and returns it in the response."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        caller = Headers(scope=scope).get("traceparent")
        with continue_trace(caller, _work(scope)) as trace:
            span = current_span()

            async def send_traced(message: Message) -> None:
                if message["type"] == "http.response.start":
                    MutableHeaders(scope=message)["traceparent"] = str(trace)
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
    return Work(scope["method"], "server", attributes)


def _describe(span: Span | None, scope: Scope, status: int) -> None:
    """Add the status and the route, which is known only when the application has answered."""
    if span is None:
        return
    span.describe({"http.response.status_code": status})
    if route := getattr(scope.get("route"), "path", ""):
        span.rename(f"{scope['method']} {route}")
        span.describe({"http.route": route})
    if status >= 500:
        span.fail(str(status))
