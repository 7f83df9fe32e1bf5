"""The OpenAPI page at /docs with its script and style beside it, for networks without a CDN."""

from pathlib import Path

import fastapi_offline
from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

_ASSETS = Path(fastapi_offline.__file__).parent / "static"


def serve_docs(app: FastAPI) -> None:
    def page() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url="openapi.json",
            title=app.title,
            swagger_js_url="docs/assets/swagger-ui-bundle.js",
            swagger_css_url="docs/assets/swagger-ui.css",
            swagger_favicon_url="docs/assets/favicon.png",
        )

    app.add_api_route("/docs", page, include_in_schema=False)
    app.mount("/docs/assets", StaticFiles(directory=_ASSETS))
