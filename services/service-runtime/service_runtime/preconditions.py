"""Handles ETag and If-Match (RFC 9110), so that changes apply only to the version that was read."""

import re
from collections.abc import Callable
from typing import Annotated, Protocol, TypeVar

from fastapi import Depends, Header, Request

from service_runtime.headers import InvalidHeader, quote_header
from service_runtime.problems import Problem

NAME = "If-Match"
_TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')


def etag(version: int) -> str:
    return f'"{version}"'


def tags_of(if_match: str) -> frozenset[str] | None:
    """Return the tags of the header, or None for `*`, which matches any version."""
    if if_match.strip(" \t") == "*":
        return None
    listed = {element.strip(" \t") for element in _TAG.sub('""', if_match).split(",")}
    if '""' not in listed or listed - {'""', ""}:
        raise InvalidHeader(
            f'Expected {NAME} to be * or tags in quotes such as "3"; got {quote_header(if_match)}.'
        )
    return frozenset(_TAG.findall(if_match))


def _tags(
    request: Request,
    described: Annotated[
        str | None,
        Header(alias=NAME, description="the ETag that the change is meant for", examples=['"3"']),
    ] = None,
) -> frozenset[str] | None:
    lines = request.headers.getlist(NAME)  # HTTP permits several lines of a list
    return tags_of(", ".join(lines)) if lines else None


IfMatch = Annotated[frozenset[str] | None, Depends(_tags)]


class Versioned(Protocol):
    """Has a version that grows with each change."""

    @property
    def version(self) -> int: ...


T = TypeVar("T", bound=Versioned)


def with_match(if_match: IfMatch, make: Callable[[T], T]) -> Callable[[T], T]:
    """Return the change with a check that the version is the one that was read."""

    def change(current: T) -> T:
        check_match(if_match, current.version)
        return make(current)

    return change


def check_match(if_match: frozenset[str] | None, version: int) -> None:
    """Raise Problem 412 `VERSION_MISMATCH` unless the header permits this version."""
    if not matches(if_match, version):
        detail = "This was changed since the version that If-Match names; read it again."
        raise Problem(412, "VERSION_MISMATCH", detail, headers={"ETag": etag(version)})


def matches(if_match: frozenset[str] | None, version: int) -> bool:
    """Return True if the header accepts any version, or contains the strong tag of this one."""
    return if_match is None or etag(version) in if_match
