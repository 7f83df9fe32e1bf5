"""Previews as the command makes them: by a normal user, without a network or a platform."""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.environment import PROJECT
from review.audit.programs import account, platform
from review.preview.plan import NOT_COMPONENTS
from tests.normal_user import give, install_cli, run_as_user

pytestmark = pytest.mark.integration
HERALD = PROJECT / ".venv" / "bin" / "herald"


def preview(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    variables = {
        "HOME": str(home),
        "PATH": f"{home}/bin:{os.environ['PATH']}",
        "TMPDIR": str(home),
        "USER": "runner",
    }
    return run_as_user([str(HERALD), "preview", *arguments], home, variables)


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A folder of the user's own, with the Pulumi CLI and nothing else."""
    with tempfile.TemporaryDirectory(prefix="herald-home-") as name:
        install_cli(Path(name) / "bin")
        give(Path(name))
        yield Path(name)


def planned(report: dict[str, Any]) -> list[tuple[str, str]]:
    return sorted((each["type"], each["urn"].rpartition("::")[2]) for each in report["resources"])


def judged(program: str, stack: str) -> list[tuple[str, str]]:
    run = platform if program == "platform" else account
    made = [each for each in run(stack).resources if NOT_COMPONENTS.match(each.type)]
    return sorted((each.type, each.name) for each in made)


@pytest.mark.parametrize("program", ["platform", "foundation"])
@pytest.mark.parametrize("stack", ["dev", "staging", "prod"])
def test_environments_can_be_created_without_violations(program: str, stack: str, home: Path):
    of = ("--stack", stack, "--program", program)
    name = stack if program == "platform" else f"foundation-{stack}"
    done = preview(home, *of, "--format", "json", "--output", "reports")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    report = json.loads(done.stdout)
    assert report["policies"]["findings"] == []
    assert report["policies"]["rules"] > 60
    assert report["cost"]["unpriced"] == []
    assert float(report["cost"]["monthly"]) > 10
    assert report["counts"] == {"create": len(report["resources"])}
    assert planned(report) == judged(program, stack), (
        "an audit must judge what a preview would make"
    )
    assert json.loads((home / "reports" / f"{name}.json").read_text()) == report


def test_two_previews_are_the_same(home: Path):
    of = ("--stack", "dev", "--program", "foundation")
    assert preview(home, *of, "--output", "reports").returncode == 0
    again = preview(home, *of, "--before", "reports/foundation-dev.json")
    first, *_ = again.stdout.splitlines()
    same = len(json.loads((home / "reports" / "foundation-dev.json").read_text())["resources"])
    assert first == f"Stack foundation-dev against the earlier preview: {same} unchanged"
    assert {each.name for each in home.iterdir()} == {"bin", "reports"}
