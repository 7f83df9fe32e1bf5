"""Checkov's judgement of AWS resources and of manifests."""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from audit.findings import AuditError, Finding, Verdict
from audit.terraform import Mapped, plan

CHECKOV = Path(__file__).parent / ".venv" / "bin" / "checkov"
FRAMEWORKS = ("terraform_plan", "kubernetes")
# Nothing is fetched or sent: guidelines and severities would come from a service with accounts.
OFFLINE = ("--skip-download", "--no-fail-on-crash", "--skip-results-upload")


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What checkov is shown of one stack."""

    stack: str
    resources: Sequence[Mapped]
    manifests: Sequence[Mapping[str, Any]]


def judge(stacks: Sequence[Shown]) -> Verdict:
    """All stacks in one run, for its start takes seconds."""
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
        raise AuditError("checkov is not installed; `make audit/.venv/ready` installs it")
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
        raise AuditError(f"checkov told nothing readable: {done.stderr.strip()[-500:]}") from None
    reports = told if isinstance(told, list) else [told]
    if not all("results" in report for report in reports):
        raise AuditError("checkov judged nothing of what it was shown")
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
