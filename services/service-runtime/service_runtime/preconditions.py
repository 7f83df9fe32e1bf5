"""ETag and If-Match (RFC 9110): a change applies only to the version that the client has read."""

import re
from typing import Annotated

from fastapi import Depends, Header, Request

from service_runtime.headers import InvalidHeader, shown

NAME = "If-Match"
_TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')


def etag(version: int) -> str:
    return f'"{version}"'


def tags_of(if_match: str) -> frozenset[str] | None:
    """The tags that the header lists, or None for `*`, which any version has."""
    if if_match.strip(" \t") == "*":
        return None
    listed = {element.strip(" \t") for element in _TAG.sub('""', if_match).split(",")}
    if '""' not in listed or listed - {'""', ""}:
        raise InvalidHeader(
            f'Expected {NAME} to be * or tags in quotes such as "3", came {shown(if_match)}.'
        )
    return frozenset(_TAG.findall(if_match))


def _tags(
    request: Request,
    described: Annotated[
        str | None,
        Header(alias=NAME, description="the ETag that the change is meant for", examples=['"3"']),
    ] = None,
) -> frozenset[str] | None:
    lines = request.headers.getlist(NAME)  # which may be several, as of every list
    return tags_of(", ".join(lines)) if lines else None


IfMatch = Annotated[frozenset[str] | None, Depends(_tags)]


def matches(if_match: frozenset[str] | None, version: int) -> bool:
    """Whether any version will do or this one is named by a strong tag."""
    return if_match is None or etag(version) in if_match
