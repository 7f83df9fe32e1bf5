"""Handles ETag and If-Match (RFC 9110), so that changes apply only to the version that was read."""

import re
from typing import Annotated

from fastapi import Depends, Header, Request

from service_runtime.headers import InvalidHeader, quote_header

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


def matches(if_match: frozenset[str] | None, version: int) -> bool:
    """Return True if the header accepts any version, or contains the strong tag of this one."""
    return if_match is None or etag(version) in if_match
