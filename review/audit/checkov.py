"""Checks AWS resources and manifests with checkov."""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from review.audit.findings import AuditError, Finding, Verdict
from review.audit.terraform import Mapped, plan

CHECKOV = Path(__file__).parent / ".venv" / "bin" / "checkov"
FRAMEWORKS = ("terraform_plan", "kubernetes")
# Disables requests: guidelines and severities come from a service that requires an account.
OFFLINE = ("--skip-download", "--no-fail-on-crash", "--skip-results-upload")


@dataclass(frozen=True, kw_only=True)
class Shown:
    """Contains the input for checkov of one stack."""

    stack: str
    resources: Sequence[Mapped]
    manifests: Sequence[Mapping[str, Any]]


def judge(stacks: Sequence[Shown]) -> Verdict:
    """Check all stacks in one run, because the start of checkov takes seconds."""
    with tempfile.TemporaryDirectory(prefix="herald-audit-") as name:
        folder = Path(name)
        for each in stacks:
            (folder / f"{each.stack}.json").write_text(json.dumps(plan(each.resources)))
            (folder / f"{each.stack}.yaml").write_text(yaml.safe_dump_all(each.manifests))
        reports = run(folder)
    shown = sum(len(each.resources) + len(each.manifests) for each in stacks)
    checks = sum(
        len(report["results"][outcome])
        for report in reports
        for outcome in ("passed_checks", "failed_checks")
    )
    return Verdict(
        judge="checkov",
        judged=f"{checks} checks of {shown} resources and manifests",
        findings=[found for report in reports for found in findings(report)],
    )


def run(folder: Path) -> list[dict[str, Any]]:
    if not CHECKOV.exists():
        raise AuditError("checkov is not installed; `make review/audit/.venv/ready` installs it")
    command = [str(CHECKOV), "--directory", str(folder), "--output", "json", *OFFLINE]
    harmless = {key: value for key, value in os.environ.items() if not key.startswith("BC_")}
    done = subprocess.run(
        [*command, "--framework", *FRAMEWORKS],
        cwd=folder,
        env={**harmless, "LOG_LEVEL": "ERROR"},
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        told = json.loads(done.stdout)
    except ValueError:
        raise AuditError(f"checkov printed no JSON: {done.stderr.strip()[-500:]}") from None
    reports = told if isinstance(told, list) else [told]
    if not all("results" in report for report in reports):
        raise AuditError("checkov checked none of its input")
    if unread := [file for report in reports for file in report["results"]["parsing_errors"]]:
        raise AuditError(f"checkov could not read {', '.join(unread)}")
    return reports


def findings(report: Mapping[str, Any]) -> Iterator[Finding]:
    for each in report["results"]["failed_checks"]:
        yield Finding(
            judge="checkov",
            rule=each["check_id"],
            stack=Path(each["file_path"]).stem,
            resource=each["resource"],
            problem=each["check_name"],
        )
