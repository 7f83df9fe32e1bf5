"""What a checker said."""

from collections.abc import Sequence
from dataclasses import dataclass


class AuditError(Exception):
    """One sentence for the user."""


@dataclass(frozen=True, kw_only=True, order=True)
class Finding:
    judge: str
    rule: str
    stack: str
    resource: str  # as the program names it
    problem: str


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """One judge's, of everything that it was shown."""

    judge: str
    judged: str  # how much of what
    findings: Sequence[Finding] = ()
    skipped: str | None = None  # why nothing was judged
