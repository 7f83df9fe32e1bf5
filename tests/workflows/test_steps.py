"""The steps of the workflows, run in order as the runner runs them: by a normal user, in a clone.

Actions, and steps that ask GitHub, are replaced by what they leave on the runner.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.environment import PROJECT
from local.programs.archive import release_key
from local.programs.programs import this_platform
from tests.normal_user import give, install_cli, run_as_user

pytestmark = pytest.mark.integration
SHELL = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c"]
ACCESS = ("AWS_", "PULUMI_", "KUBE", "HERALD_", "PYTEST_")


@dataclass(frozen=True)
class Runner:
    """A runner's home folder; the clone is where GitHub puts it."""

    home: Path

    @property
    def clone(self) -> Path:
        return self.home / "work" / "herald" / "herald"

    @property
    def output(self) -> Path:
        return self.home / "output"

    @property
    def summary(self) -> Path:
        return self.home / "summary.md"

    def check_out(self) -> None:
        self.clone.parent.mkdir(parents=True)
        command = ["git", "clone", "--quiet", str(PROJECT), str(self.clone)]
        subprocess.run(command, check=True)
        changed = ["git", "ls-files", "--modified", "--others", "--exclude-standard", "-z"]
        names = subprocess.check_output(changed, cwd=PROJECT, text=True).split("\0")
        for name in filter(None, names):
            target = self.clone / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.unlink(missing_ok=True)
            if (PROJECT / name).exists():
                target.write_bytes((PROJECT / name).read_bytes())
                target.chmod((PROJECT / name).stat().st_mode)

    def install_pulumi(self) -> None:
        install_cli(self.home / "bin")

    def run(self, script: str, variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        inherited = {key: text for key, text in os.environ.items() if not key.startswith(ACCESS)}
        own = {
            "CI": "true",
            "HOME": str(self.home),
            "USER": "runner",
            "TMPDIR": str(self.home),
            "PATH": f"{self.home}/bin:{sys.base_prefix}/bin:/usr/local/go/bin:/usr/bin:/bin",
            "GITHUB_OUTPUT": str(self.output),
            "GITHUB_STEP_SUMMARY": str(self.summary),
        }
        everything = {**inherited, **own, **variables}
        return run_as_user([*SHELL, script], self.clone, everything, network=True)


@pytest.fixture
def runner() -> Iterator[Runner]:
    with tempfile.TemporaryDirectory(prefix="herald-runner-") as name:
        yield Runner(Path(name))


REPLACED: dict[str, Callable[[Runner], None]] = {
    "actions/checkout": Runner.check_out,
    "actions/setup-python": lambda runner: None,  # the Python that runs the tests is on the path
    "actions/setup-go": lambda runner: None,
    "actions/cache/restore": lambda runner: None,  # which finds nothing
    "actions/cache/save": lambda runner: None,
    "actions/upload-artifact": lambda runner: None,
    "pulumi/actions": Runner.install_pulumi,
    "Fetch the report of the last release": lambda runner: None,
}


def steps(workflow: str) -> list[dict[str, Any]]:
    file = PROJECT / ".github" / "workflows" / f"{workflow}.yml"
    [job] = yaml.safe_load(file.read_text())["jobs"].values()
    return list(job["steps"])


@dataclass(frozen=True)
class Run:
    """Runs steps in order; `known` are the values of expressions, such as `matrix.stack`."""

    runner: Runner
    known: dict[str, str]
    rewrite: Callable[[str], str] = lambda script: script

    def steps(self, steps: Sequence[Mapping[str, Any]]) -> None:
        for step in steps:
            uses = step.get("uses", "").partition("@")[0]
            name = step.get("name", uses)
            if uses.startswith("$/"):
                self.action(step)
            elif name in REPLACED:
                REPLACED[name](self.runner)
                give(self.runner.home)
            else:
                self.script(step, name)

    def action(self, step: Mapping[str, Any]) -> None:
        file = PROJECT / step["uses"].removeprefix("$/") / "action.yml"
        action = yaml.safe_load(file.read_text())
        self.steps(action["runs"]["steps"])
        for name, output in action["outputs"].items():
            self.known[f"steps.{step['id']}.outputs.{name}"] = self.filled_in(output["value"])

    def script(self, step: Mapping[str, Any], name: str) -> None:
        own = {key: self.filled_in(text) for key, text in step.get("env", {}).items()}
        self.runner.output.write_text("")
        give(self.runner.home)
        done = self.runner.run(self.rewrite(step["run"]), own)
        assert done.returncode == 0, f"{name}: {done.stdout}{done.stderr}"
        for line in self.runner.output.read_text().splitlines():
            output, _, text = line.partition("=")
            self.known[f"steps.{step['id']}.outputs.{output}"] = text

    def filled_in(self, text: str) -> str:
        for key, value in self.known.items():
            text = text.replace(f"${{{{ {key} }}}}", value)
        assert "${{" not in text, f"{text} is known to GitHub alone"
        return text


def test_preview_workflow_ends_with_report(runner: Runner):
    matrix = {"matrix.stack": "prod", "matrix.branch": "production"}
    Run(runner, matrix).steps(steps("preview"))
    reports = runner.clone / ".local" / "previews"
    assert {each.name for each in reports.iterdir()} == {"prod.json", "prod.md", "prod.txt"}
    assert runner.summary.read_text() == (reports / "prod.md").read_text()
    assert runner.summary.read_text().startswith("### Preview of `prod` against an empty stack")
    changed = subprocess.check_output(
        ["git", "-c", f"safe.directory={runner.clone}", "status", "--porcelain"],
        cwd=runner.clone,
        text=True,
    )
    committed = subprocess.check_output(["git", "status", "--porcelain"], cwd=PROJECT, text=True)
    assert changed == committed


MADE = {  # by steps of the workflow; decision 43 says why three are not run
    "make programs-archive": "make --dry-run programs-archive",
    "make check": "PYTEST_ADDOPTS=tests/test_folders.py make check",
    "make test": "make --dry-run test",
    "make audit": "make --dry-run audit",
}


def test_test_workflow_checks_code(runner: Runner):
    made = []

    def narrow(script: str) -> str:
        if script.startswith("make "):
            made.append(script)
        return MADE.get(script, script)

    run = Run(runner, {}, narrow)
    run.steps(steps("test"))
    assert made == list(MADE)
    assert run.known == {
        "steps.key.outputs.key": f"programs-{this_platform()}-{release_key()}",
        "steps.key.outputs.archive": f"{runner.clone}/.local/programs.tar.gz",
        "steps.programs.outputs.archive": f"{runner.clone}/.local/programs.tar.gz",
    }
