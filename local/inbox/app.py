"""Serves the page and API of the inbox, and the emulated endpoints of providers."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import parse_qs, urlsplit

from fastapi import FastAPI, Query, Request, Response, status
from fastapi.responses import JSONResponse, StreamingResponse
from fastapi.staticfiles import StaticFiles

from local.inbox.emails import Email
from local.inbox.fcm import FcmError, Phones, unauthenticated
from local.inbox.google_access import GoogleAccess, NotGranted
from local.inbox.messages import Channel, Messages, json_array
from local.token_issuer import TokenIssuer

PAGE = Path(__file__).parent / "page"

# The page shows e-mails in a frame with this policy, which blocks their scripts and requests.
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'"
)


def inbox_app(
    messages: Messages, access: GoogleAccess, issuer: TokenIssuer | None = None
) -> FastAPI:
    app = FastAPI(title="Herald inbox", docs_url=None, redoc_url=None)
    add_api(app, messages)
    add_google(app, messages, access)
    if issuer is not None:
        add_issuer(app, issuer)
    app.mount("/", Page(directory=PAGE, html=True))
    return app


def add_api(app: FastAPI, messages: Messages) -> None:
    @app.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/api/messages")
    async def find(
        channel: Channel | None = None,
        to: str | None = None,
        limit: Annotated[int | None, Query(ge=1)] = None,
    ) -> Response:
        found = messages.find(channel, to, limit)
        return Response(json_array(found), media_type="application/json")

    @app.delete("/api/messages", status_code=status.HTTP_204_NO_CONTENT)
    async def clear() -> None:
        messages.clear()

    @app.post("/api/emails", status_code=status.HTTP_204_NO_CONTENT)
    async def receive(email: Email) -> None:
        for message in email.messages():
            messages.add(message)

    @app.get("/api/stream")
    async def stream() -> Response:
        headers = {"Cache-Control": "no-store"}
        return StreamingResponse(events(messages), media_type="text/event-stream", headers=headers)


def add_google(app: FastAPI, messages: Messages, access: GoogleAccess) -> None:
    phones = Phones(access.project)

    @app.post("/token")
    async def token(request: Request) -> dict[str, Any]:
        form = parse_qs((await request.body()).decode("utf-8", "replace"))
        grant_type, assertion = (form.get(name, [""])[0] for name in ("grant_type", "assertion"))
        return access.grant(grant_type, assertion)

    @app.post("/v1/projects/{project}/messages:send")
    async def send(project: str, request: Request) -> dict[str, str]:
        scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not access.admits(bearer):
            raise unauthenticated()
        name, message = phones.send(project, await request.body())
        if message:
            messages.add(message)
        return {"name": name}

    @app.exception_handler(NotGranted)
    async def not_granted(_: Request, problem: NotGranted) -> Response:
        body = {"error": problem.error, "error_description": problem.description}
        return JSONResponse(body, status.HTTP_400_BAD_REQUEST)

    @app.exception_handler(FcmError)
    async def fcm_error(_: Request, problem: FcmError) -> Response:
        return JSONResponse(problem.body(), problem.code, problem.headers)


def add_issuer(app: FastAPI, issuer: TokenIssuer) -> None:
    path = urlsplit(issuer.url).path

    @app.get(f"{path}/.well-known/openid-configuration")
    async def discovery() -> dict[str, Any]:
        return issuer.discovery()

    @app.get(f"{path}/keys")
    async def keys() -> dict[str, Any]:
        return issuer.keys()


async def events(messages: Messages) -> AsyncIterator[str]:
    """Stream `ready`, a `message` for each arrival, and `cleared` when all are deleted."""
    with messages.watch() as watcher:
        yield "event: ready\ndata: {}\n\n"
        while not watcher.ended:
            yield await watcher.next()


class Page(StaticFiles):
    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["Content-Security-Policy"] = PAGE_POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Cache-Control"] = "no-cache"
        return response
