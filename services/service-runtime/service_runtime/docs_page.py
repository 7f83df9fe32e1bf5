"""Serves the OpenAPI page at /docs with its own scripts and styles, for networks without a CDN."""

import html
from pathlib import Path

import fastapi_offline
from fastapi import FastAPI
from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

_PAGE = Path(__file__).parent / "api_page"
_SWAGGER_UI = Path(fastapi_offline.__file__).parent / "static"

# Swagger UI sets inline styles and shows embedded pictures.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}


def serve_docs(app: FastAPI) -> None:
    template = (_PAGE / "index.html").read_text(encoding="utf-8")
    text = template.replace("{title}", html.escape(app.title))

    def page() -> HTMLResponse:
        return HTMLResponse(text, headers=_HEADERS)

    app.add_api_route("/docs", page, include_in_schema=False)
    app.mount("/docs/assets", StaticFiles(directory=_SWAGGER_UI))
    app.mount("/docs/page", StaticFiles(directory=_PAGE))
