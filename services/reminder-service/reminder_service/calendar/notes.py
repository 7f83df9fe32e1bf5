"""Reports parts of an imported component that were changed or omitted."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Note:
    line: int
    code: str
    detail: str
