"""Headers of requests: which are refused, and how."""

from service_runtime.problems import Problem

LONGEST_SHOWN = 64  # characters


class InvalidHeader(Problem):
    """A header is not as it ought to be; the detail says how."""

    def __init__(self, detail: str) -> None:
        super().__init__(422, "INVALID_HEADER", detail)


def shown(value: str) -> str:
    """A header's value as a problem quotes it: not all of it, and no control characters."""
    return repr(value if len(value) <= LONGEST_SHOWN else f"{value[:LONGEST_SHOWN]}...")
