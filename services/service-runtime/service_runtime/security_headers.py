"""Adds headers that keep browsers from misusing a response."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

NO_SNIFFING = ("X-Content-Type-Options", "nosniff")
TLS_ONLY = ("Strict-Transport-Security", "max-age=31536000")  # a year


class SecurityHeadersMiddleware:
    """Forbids guesses of content types, and plain HTTP after a request that came by TLS."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        # A load balancer replaces the header; a client that lies deceives itself alone.
        by_tls = (b"x-forwarded-proto", b"https") in scope["headers"]

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in (NO_SNIFFING, TLS_ONLY) if by_tls else (NO_SNIFFING,):
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_safely)
