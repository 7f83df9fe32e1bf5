"""Who calls: told by the API gateway in front, or by a token of an OpenID Connect issuer."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Protocol, cast

from fastapi import Depends, Request
from fastapi.openapi.models import HTTPBase
from fastapi.security.base import SecurityBase
from starlette.datastructures import Headers

from service_runtime.problems import Problem

USER_ID, USER_NAME = "x-authenticated-userid", "x-consumer-username"
LONGEST_USER_ID = 256  # characters
LONGEST_EMAIL = 254  # characters

_USER_ID = re.compile(rf"[^\x00-\x1f\x7f-\x9f]{{1,{LONGEST_USER_ID}}}")
_EMAIL = re.compile(
    r"(?=.{1,64}@)[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])",
    re.IGNORECASE | re.ASCII,
)


@dataclass(frozen=True, kw_only=True)
class Caller:
    """The user on whose behalf a request comes."""

    user_id: str
    email: str | None = None


class Unauthenticated(Problem):
    """It is not known who calls."""

    def __init__(self, detail: str, challenge: str | None = None) -> None:
        headers = {"WWW-Authenticate": challenge} if challenge else None
        super().__init__(401, "UNAUTHENTICATED", detail, headers=headers)


class Identity(Protocol):
    """A way to know the caller; `scheme` and `parameters` describe it as OpenAPI does."""

    @property
    def name(self) -> str: ...

    @property
    def scheme(self) -> Mapping[str, Any]: ...

    @property
    def parameters(self) -> Sequence[Mapping[str, Any]]: ...

    def caller_of(self, headers: Headers) -> Caller: ...


class GatewayIdentity:
    """Believes the headers that the gateway sets; nobody else may reach the service."""

    name = "gateway"
    scheme: Mapping[str, Any] = {
        "type": "apiKey",
        "in": "header",
        "name": USER_ID,
        "description": "the user, set by the API gateway",
    }
    parameters: Sequence[Mapping[str, Any]] = (
        {
            "name": USER_NAME,
            "in": "header",
            "required": False,
            "description": "the user's e-mail address, set by the API gateway",
            "schema": {"type": "string"},
            "example": "user@example.com",
        },
    )

    def caller_of(self, headers: Headers) -> Caller:
        user_ids, names = headers.getlist(USER_ID), headers.getlist(USER_NAME)
        if len(user_ids) != 1 or not is_user_id(user_ids[0]):
            raise Unauthenticated(
                f"The header {USER_ID} is missing, malformed or repeated; call through the gateway."
            )
        if len(names) > 1:
            raise Unauthenticated(
                f"The header {USER_NAME} is repeated, came {len(names)} times; "
                "call through the gateway."
            )
        return Caller(user_id=user_ids[0], email=email_address(names[0]) if names else None)


def is_user_id(text: str) -> bool:
    return _USER_ID.fullmatch(text) is not None


def email_address(text: str) -> str | None:
    """The address, or None when the text is none: a gateway may send another name."""
    return text if len(text) <= LONGEST_EMAIL and _EMAIL.fullmatch(text) else None


class _CallerOf(SecurityBase):
    """Asks the identity of the application; marks an operation as one that needs a caller."""

    scheme_name = "caller"
    model = HTTPBase(scheme="bearer")  # stands in for the scheme of the application

    def __call__(self, request: Request) -> Caller:
        identity = cast(Identity, request.app.state.identity)
        return identity.caller_of(request.headers)


AnyCaller = Annotated[Caller, Depends(_CallerOf())]


def describe_identity(description: dict[str, Any], identity: Identity) -> None:
    """Put the identity's scheme and parameters on each operation that needs a caller."""
    marked = _CallerOf.scheme_name
    schemes = description.get("components", {}).get("securitySchemes", {})
    if schemes.pop(marked, None) is not None:
        schemes[identity.name] = dict(identity.scheme)
    for path in description["paths"].values():
        for operation in path.values():
            if {marked: []} in operation.get("security", []):
                operation["security"] = [{identity.name: []}]
                parameters = operation.setdefault("parameters", [])
                parameters.extend(map(dict, identity.parameters))
