"""Headers of requests: which are refused, and how."""

from starlette.datastructures import Headers

from service_runtime.problems import Problem

LONGEST_SHOWN = 64  # characters


class InvalidHeader(Problem):
    """A header is not as it ought to be; the detail says how."""

    def __init__(self, detail: str) -> None:
        super().__init__(422, "INVALID_HEADER", detail)


def only_header(headers: Headers, name: str) -> str | None:
    """The value of a header that may come once; which of several is meant nobody can tell."""
    values = headers.getlist(name)
    if len(values) > 1:
        raise InvalidHeader(f"Expected the header {name} once, came {len(values)} times.")
    return values[0] if values else None


def shown(value: str) -> str:
    """A header's value as a problem quotes it: not all of it, and no control characters."""
    return repr(value if len(value) <= LONGEST_SHOWN else f"{value[:LONGEST_SHOWN]}...")
