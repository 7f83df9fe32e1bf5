"""405 for each path as a whole: the router alone names in Allow only its first route's methods."""

from fastapi import APIRouter
from starlette.exceptions import HTTPException

_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"}


def refuse_other_methods(router: APIRouter, path: str, *allowed: str) -> None:
    def refuse() -> None:
        raise HTTPException(405, headers={"Allow": ", ".join(allowed)})

    others = sorted(_METHODS - set(allowed))
    router.add_api_route(path, refuse, methods=others, include_in_schema=False)
