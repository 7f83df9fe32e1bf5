"""Represents the findings of checkers."""

from collections.abc import Sequence
from dataclasses import dataclass


class AuditError(Exception):
    """Reports why an audit is impossible, in one sentence."""


@dataclass(frozen=True, kw_only=True, order=True)
class Finding:
    judge: str
    rule: str
    stack: str
    resource: str  # name in the program
    problem: str


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Contains the result of one checker for all its input."""

    judge: str
    judged: str  # size of the input
    findings: Sequence[Finding] = ()
    skipped: str | None = None  # reason why nothing was checked
