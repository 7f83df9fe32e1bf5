"""Checks the packages of lock files with pip-audit."""

import json
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from local.environment import PROJECT
from review.audit.findings import AuditError, Finding, Verdict

PROGRAM = Path(__file__).parent / ".venv" / "bin" / "pip-audit"
LOCKS = (
    "development.lock",
    "services/dependencies/requirements.lock",
    "services/dependencies/installer.lock",
    "review/policies/requirements.lock",
    "review/audit/requirements.lock",
)
TIMEOUT = 10  # seconds per answer
# A published advisory. A mirror that does not know it has no advisories, so every package would
# look safe.
KNOWN_ADVISORY = "jinja2==2.4.1"


def judge(project: Path = PROJECT) -> Verdict:
    if unreachable := why_unreachable():
        return Verdict(judge="pip-audit", judged="nothing", skipped=unreachable)
    reports = {lock: ask(project / lock) for lock in LOCKS}
    packages = sum(len(each["dependencies"]) for each in reports.values())
    return Verdict(
        judge="pip-audit",
        judged=f"{packages} packages of {len(LOCKS)} lock files",
        findings=[found for lock, report in reports.items() for found in findings(lock, report)],
    )


def why_unreachable() -> str | None:
    with tempfile.TemporaryDirectory(prefix="herald-audit-") as name:
        file = Path(name) / "requirements.txt"
        file.write_text(f"{KNOWN_ADVISORY}\n")
        try:
            [told] = ask(file, "--no-deps")["dependencies"]
        except AuditError as error:
            return f"the service of advisories does not answer: {error}"
    if told.get("vulns"):
        return None
    reason = told.get("skip_reason", "it was given none")
    return f"the registry in use has no advisories, not even of {KNOWN_ADVISORY}: {reason}"


def ask(lock: Path, *options: str) -> dict[str, Any]:
    if not PROGRAM.exists():
        raise AuditError("pip-audit is not installed; `make review/audit/.venv/ready` installs it")
    command = [str(PROGRAM), "--disable-pip", "--requirement", str(lock), *options]
    done = subprocess.run(
        [*command, "--format", "json", "--progress-spinner", "off", "--timeout", str(TIMEOUT)],
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        told: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        lines: Sequence[str] = done.stderr.strip().splitlines() or ["it said nothing"]
        raise AuditError(f"pip-audit failed: {lines[-1][:200]}") from None
    return told


def findings(lock: str, report: dict[str, Any]) -> Iterator[Finding]:
    for package in report["dependencies"]:
        if reason := package.get("skip_reason"):
            yield finding(lock, package["name"], "unknown-package", reason)
        for each in package.get("vulns", ()):
            mended = ", ".join(each["fix_versions"]) or "no version"
            problem = f"{package['version']} is vulnerable; fixed in {mended}"
            yield finding(lock, package["name"], each["id"], problem)


def finding(lock: str, package: str, rule: str, problem: str) -> Finding:
    return Finding(judge="pip-audit", rule=rule, stack=lock, resource=package, problem=problem)
