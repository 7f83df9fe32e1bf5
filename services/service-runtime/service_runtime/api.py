"""Creates the HTTP application of an API."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from service_runtime.docs_page import serve_docs
from service_runtime.identity import GatewayIdentity, Identity, describe_identity
from service_runtime.probes import Check, health_routes
from service_runtime.problems import COMMON_PROBLEMS, ProblemBody, answer_problems
from service_runtime.requests import BodyMiddleware, HeadMiddleware, RequestMiddleware

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"}


def create_api(
    title: str,
    routers: Iterable[APIRouter] = (),
    *,
    live: Check,
    ready: Check,
    identity: Identity | None = None,
    body_limits: Mapping[str, int] | None = None,
    **options: Any,
) -> FastAPI:
    """Return an application with health, metrics, traces, limits, problem details and /docs.

    By default, the headers of the gateway identify the caller. `body_limits` are bytes by path.
    Routers describe `COMMON_PROBLEMS` themselves: their routes are used as they are, because
    `include_router` would build each a second time, at the first request.
    """
    app = FastAPI(
        title=title,
        routes=[*health_routes(live, ready), *_routes_of(routers)],
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # a redirect would go to the host that the request names
        responses=COMMON_PROBLEMS,
        **options,
    )
    identity = identity or GatewayIdentity()
    app.add_middleware(BodyMiddleware, identity=identity, limits=body_limits)
    app.add_middleware(RequestMiddleware)
    app.add_middleware(HeadMiddleware)
    app.state.identity = identity
    answer_problems(app)
    _describe(app)
    serve_docs(app)
    return app


def _routes_of(routers: Iterable[APIRouter]) -> Iterator[APIRoute]:
    """Yield the routes of each path, then one that answers other methods with status 405.

    Without it, the answer would name only the methods of the first route. Or a later path with a
    parameter would match.
    """
    by_path: dict[str, list[APIRoute]] = {}
    for router in routers:
        for route in router.routes:
            if isinstance(route, APIRoute):
                by_path.setdefault(route.path, []).append(route)
    for path, routes in by_path.items():
        allowed = set[str]().union(*(route.methods or () for route in routes))
        yield from routes
        yield _refusal(path, allowed | {"HEAD"} if "GET" in allowed else allowed)


def _refusal(path: str, allowed: set[str]) -> APIRoute:
    def refuse() -> None:
        raise HTTPException(405, headers={"Allow": ", ".join(sorted(allowed))})

    return APIRoute(path, refuse, methods=METHODS - allowed, include_in_schema=False)


def _describe(app: FastAPI) -> None:
    def describe() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = get_openapi(
                title=app.title,
                version=app.version,
                description=app.description,
                routes=app.routes,
                tags=app.openapi_tags,
            )
            schemas = schema.setdefault("components", {}).setdefault("schemas", {})
            problem = ProblemBody.model_json_schema(
                ref_template="#/components/schemas/{model}", mode="serialization"
            )
            schemas.update(problem.pop("$defs", {}), ProblemBody=problem)
            for unused in ("HTTPValidationError", "ValidationError"):
                schemas.pop(unused, None)
            describe_identity(schema, app.state.identity)
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = describe  # type: ignore[method-assign]
