"""Reads suppressions: findings that are accepted, each with a reason."""

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from review.audit.findings import Finding

TABLE = Path(__file__).parent / "suppressions.toml"


class Suppression(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    judge: str
    rule: str
    resource: str  # pattern of the resource name in the checker's output
    stacks: tuple[str, ...] = ()  # empty: all
    reason: str = Field(min_length=20)

    def covers(self, finding: Finding) -> bool:
        return (
            (self.judge, self.rule) == (finding.judge, finding.rule)
            and fnmatchcase(finding.resource, self.resource)
            and (not self.stacks or finding.stack in self.stacks)
        )


@dataclass(frozen=True)
class Sorted:
    left: Sequence[Finding]
    suppressed: Sequence[Finding]
    unused: Sequence[Suppression]  # without a finding; they would hide future findings


def read_suppressions(file: Path = TABLE) -> list[Suppression]:
    return [Suppression(**each) for each in tomllib.loads(file.read_text())["suppression"]]


def sort(
    findings: Iterable[Finding], suppressions: Sequence[Suppression], judges: Iterable[str]
) -> Sorted:
    """Sort findings; suppressions of a checker that did not run do not count as unused."""
    asked, used = set(judges), set[int]()
    left: list[Finding] = []
    suppressed: list[Finding] = []
    for finding in sorted(findings):
        covering = [n for n, each in enumerate(suppressions) if each.covers(finding)]
        used.update(covering)
        (suppressed if covering else left).append(finding)
    unused = [each for n, each in enumerate(suppressions) if n not in used and each.judge in asked]
    return Sorted(left, suppressed, unused)
