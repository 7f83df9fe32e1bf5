"""Identifies callers by headers of the API gateway."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Protocol, cast

from event_messages.addresses import BadAddress, email_address
from fastapi import Depends, Request
from fastapi.openapi.models import HTTPBase
from fastapi.security.base import SecurityBase
from starlette.datastructures import Headers

from service_runtime.problems import Problem

USER_ID, USER_NAME = "x-authenticated-userid", "x-consumer-username"
LONGEST_USER_ID = 256  # characters

_USER_ID = re.compile(rf"[^\x00-\x1f\x7f-\x9f]{{1,{LONGEST_USER_ID}}}")


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Identifies the user of a request."""

    user_id: str
    email: str | None = None
    email_problem: str | None = None  # reason why the address is not usable
    time_zone: str | None = None  # IANA name, from the claim `zoneinfo` of a token


class Unauthenticated(Problem):
    """Answers 401 if the caller is unknown."""

    def __init__(self, detail: str, challenge: str | None = None) -> None:
        headers = {"WWW-Authenticate": challenge} if challenge else None
        super().__init__(401, "UNAUTHENTICATED", detail, headers=headers)


class Identity(Protocol):
    """Identifies callers; `scheme` and `parameters` describe it in terms of OpenAPI."""

    @property
    def name(self) -> str: ...

    @property
    def scheme(self) -> Mapping[str, Any]: ...

    @property
    def parameters(self) -> Sequence[Mapping[str, Any]]: ...

    def caller_of(self, headers: Headers) -> Caller: ...


class GatewayIdentity:
    """Trusts the headers of the gateway, so only the gateway may reach the service."""

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
                f"Expected one valid header {USER_ID}; call through the API gateway."
            )
        if len(names) > 1:
            raise Unauthenticated(
                f"Expected the header {USER_NAME} once; got it {len(names)} times. "
                "Call through the API gateway."
            )
        email, problem = read_address(utf8(names[0])) if names else (None, None)
        return Caller(user_id=user_ids[0], email=email, email_problem=problem)


def is_user_id(text: str) -> bool:
    return _USER_ID.fullmatch(text) is not None


def read_address(text: str) -> tuple[str | None, str | None]:
    """Return the address, or the reason why the text is not one (gateways may send names)."""
    try:
        return email_address(text), None
    except BadAddress as error:
        return None, str(error)


def utf8(header: str) -> str:
    """Decode a header as UTF-8 if possible; Starlette decodes headers as Latin-1."""
    try:
        return header.encode("latin-1").decode()
    except UnicodeError:
        return header


class _CallerOf(SecurityBase):
    """Identifies the caller, and marks the operation in OpenAPI as one that needs a caller."""

    scheme_name = "caller"
    model = HTTPBase(scheme="bearer")  # replaced by the scheme of the application

    def __call__(self, request: Request) -> Caller:
        identity = cast(Identity, request.app.state.identity)
        return identity.caller_of(request.headers)


AnyCaller = Annotated[Caller, Depends(_CallerOf())]


def describe_identity(description: dict[str, Any], identity: Identity) -> None:
    """Add the scheme and parameters of the identity to each operation that needs a caller."""
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
