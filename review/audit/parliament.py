"""Checks policy documents of identities, trust and resources with parliament."""

import json
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from review.audit.findings import AuditError, Finding, Verdict
from review.resource_types import TYPES
from review.simulation.trial import Recorded

PROGRAM = Path(__file__).parent / ".venv" / "bin" / "parliament"
TRUST = "assumeRolePolicy"
DEPTH = ("--minimum_severity", "LOW", "--include-community-auditors")


@dataclass(frozen=True)
class Document:
    stack: str
    resource: str
    content: Mapping[str, Any]


def documents(stack: str, resources: Sequence[Recorded]) -> Iterator[Document]:
    for each in resources:
        key = TYPES[each.type].document if each.type in TYPES else None
        if key is not None and each.inputs.get(key) is not None:
            content = json.loads(each.inputs[key])
            if key == TRUST:
                content = with_resource(content, each.outputs["arn"])
            yield Document(stack, f"{each.type.rpartition(':')[2]} {each.name}", content)


def with_resource(trust: Mapping[str, Any], role: str) -> dict[str, Any]:
    """Add a resource to statements of trust policies, which parliament requires."""
    statements = [{"Resource": role, **each} for each in trust["Statement"]]
    return {**trust, "Statement": statements}


def judge(shown: Sequence[Document]) -> Verdict:
    with tempfile.TemporaryDirectory(prefix="herald-audit-") as name:
        folder = Path(name)
        for number, each in enumerate(shown):
            (folder / f"{number}.json").write_text(json.dumps(each.content))
        told = run(folder)
    return Verdict(
        judge="parliament",
        judged=f"{len(shown)} policy documents",
        findings=[finding(each, shown) for each in told],
    )


def run(folder: Path) -> list[dict[str, Any]]:
    if not PROGRAM.exists():
        raise AuditError("parliament is not installed; `make review/audit/.venv/ready` installs it")
    done = subprocess.run(
        [str(PROGRAM), "--directory", str(folder), "--json", *DEPTH],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode and not done.stdout:
        raise AuditError(f"parliament failed: {done.stderr.strip()[-500:]}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def finding(told: Mapping[str, Any], shown: Sequence[Document]) -> Finding:
    judged = shown[int(Path(told["location"]["filepath"]).stem)]
    detail = told["detail"] if isinstance(told["detail"], str) else json.dumps(told["detail"])
    return Finding(
        judge="parliament",
        rule=told["issue"],
        stack=judged.stack,
        resource=judged.resource,
        problem=f"{told['title']}: {detail}",
    )
