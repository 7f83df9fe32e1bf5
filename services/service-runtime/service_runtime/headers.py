"""Reads headers of requests, and rejects repeated ones."""

from starlette.datastructures import Headers

from service_runtime.problems import Problem

LONGEST_SHOWN = 64  # characters


class InvalidHeader(Problem):
    """Answers 422 for a header with a wrong value."""

    def __init__(self, detail: str) -> None:
        super().__init__(422, "INVALID_HEADER", detail)


def only_header(headers: Headers, name: str) -> str | None:
    """Return the value of a header, or None; raise InvalidHeader if it is repeated."""
    values = headers.getlist(name)
    if len(values) > 1:
        raise InvalidHeader(f"Expected the header {name} once; got it {len(values)} times.")
    return values[0] if values else None


def quote_header(value: str) -> str:
    """Return the value of a header in quotes, shortened and without control characters."""
    return repr(value if len(value) <= LONGEST_SHOWN else f"{value[:LONGEST_SHOWN]}...")
