"""Answers 405 with all methods of a path; FastAPI alone lists only those of the first route."""

from fastapi import APIRouter
from starlette.exceptions import HTTPException

_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"}


def refuse_other_methods(router: APIRouter, path: str, *allowed: str) -> None:
    named = sorted({*allowed, "HEAD"} if "GET" in allowed else allowed)

    def refuse() -> None:
        raise HTTPException(405, headers={"Allow": ", ".join(named)})

    others = sorted(_METHODS - set(named))
    router.add_api_route(path, refuse, methods=others, include_in_schema=False)
