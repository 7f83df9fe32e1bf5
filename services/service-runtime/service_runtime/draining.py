"""Answers requests while the server prepares to stop."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

READY = "/health/ready"
BODY = b'{"status":"unavailable","reason":"the service is stopping"}'


class Draining:
    """Reports the application as not ready while `draining`, and closes each connection."""

    def __init__(self, app: "ASGIApp") -> None:
        self.app, self.draining = app, False

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        if not self.draining or scope["type"] != "http":
            return await self.app(scope, receive, send)

        async def send_last(message: "Message") -> None:
            if message["type"] == "http.response.start":
                headers = [*message.get("headers", []), (b"connection", b"close")]
                message = {**message, "headers": headers}
            await send(message)

        if scope["path"] == READY:
            return await _refuse(send_last)
        await self.app(scope, receive, send_last)


async def _refuse(send: "Send") -> None:
    headers: list[Any] = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(BODY)).encode()),
    ]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": BODY})
