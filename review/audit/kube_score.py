"""Checks manifests with kube-score."""

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from local.environment import PROJECT
from review.audit.findings import AuditError, Finding, Verdict
from review.audit.manifests import Manifest

PROGRAM = PROJECT / ".local" / "bin" / "kube-score"
PASSED = 10  # the best grade; 1 is critical, 5 a warning, 7 almost OK


def judge(stacks: Mapping[str, Sequence[Manifest]]) -> Verdict:
    found: list[Finding] = []
    checks = 0
    for stack, manifests in stacks.items():
        scores = [
            (scored["object_name"], check)
            for scored in run(yaml.safe_dump_all(manifests))
            for check in scored["checks"]
            if not check["skipped"]
        ]
        checks += len(scores)
        for name, check in scores:
            found += findings(stack, name, check)
    shown = sum(len(each) for each in stacks.values())
    return Verdict(
        judge="kube-score", judged=f"{checks} checks of {shown} manifests", findings=found
    )


def run(documents: str) -> list[dict[str, Any]]:
    command = [str(PROGRAM), "score", "--output-format", "json", "--output-version", "v2", "-"]
    try:
        done = subprocess.run(command, input=documents, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise AuditError("kube-score is missing; run `make kube-score`") from None
    try:
        told: list[dict[str, Any]] | None = json.loads(done.stdout)
    except ValueError:
        raise AuditError(f"kube-score printed no JSON: {done.stderr.strip()}") from None
    if told is None:
        raise AuditError("kube-score checked none of its input")
    return told


def findings(stack: str, name: str, check: Mapping[str, Any]) -> Iterator[Finding]:
    if check["grade"] >= PASSED:
        return
    for comment in check["comments"] or [{"path": "", "summary": check["check"]["comment"]}]:
        place = f"{comment['path']}: " if comment["path"] else ""
        yield Finding(
            judge="kube-score",
            rule=check["check"]["id"],
            stack=stack,
            resource=name,
            problem=f"{place}{comment['summary']}",
        )
