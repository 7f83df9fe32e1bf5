"""A wrong stack file, as the real engine answers it: one clear sentence, and nothing is made."""

import copy
import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.environment import PROJECT, Environment
from preview.rehearsal import PROGRAMS, lay_out, read_stack_file

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]
STACK = "local"
OF_ANOTHER = {"secure": "v1:AAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}


class Project:
    """The program with a state of its own, where nothing was made yet."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = read_stack_file(STACK)
        lay_out(folder, PROGRAMS["platform"], STACK, self.config)
        (folder / ".local").symlink_to(PROJECT / ".local")
        self.pulumi("stack", "init", STACK)

    def pulumi(self, *arguments: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
        shell = {**os.environ, **Environment().shell()}
        shell["PULUMI_BACKEND_URL"] = f"file://{self.folder}/state"
        return subprocess.run(
            ["pulumi", *arguments, "--non-interactive", "--color", "never"],
            cwd=self.folder,
            env=shell,
            capture_output=True,
            text=True,
            check=False,
        )

    def write(self, config: dict[str, Any]) -> None:
        head = yaml.safe_load((self.folder / f"Pulumi.{STACK}.yaml").read_text())
        text = yaml.safe_dump({**head, "config": config})
        (self.folder / f"Pulumi.{STACK}.yaml").write_text(text)

    def made(self) -> list[str]:
        told = self.pulumi("stack", "export", "--stack", STACK)
        resources = json.loads(told.stdout)["deployment"].get("resources") or []
        return [each["urn"] for each in resources if each["type"] != "pulumi:pulumi:Stack"]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("bad-input"))


Change = Callable[[dict[str, Any]], Any]
DAY = r"\d{4}-\d\d-\d\d"
CHANGES: dict[str, tuple[Change, str]] = {
    "missing key": (
        lambda config: config.pop("herald:account"),
        r"herald:account is missing; expected a value\.",
    ),
    "misspelt key": (
        lambda config: config.update({"herald:namespaces": "local"}),
        r"herald:namespaces is no setting; expected one of access, account, .+\.",
    ),
    "wrong type": (
        lambda config: config.update({"herald:messaging": {"maxReceives": "many"}}),
        r'herald:messaging\.maxReceives is wrong: expected a valid integer, came "many"\.',
    ),
    "secret in plain text": (
        lambda config: config["herald:push"].update({"credentials": "a key"}),
        r"herald:push\.credentials came as plain text; expected a secret, set by "
        r"`pulumi config set --stack local --secret --path herald:push\.credentials`\.",
    ),
    "repositories of an environment in AWS": (
        lambda config: config["herald:images"].update({"repositories": {"keptImages": 30}}),
        r"herald:images is wrong: expected no repositories, for the registry is not of ECR, .+",
    ),
    "expired unlock": (
        lambda config: config.update(
            {
                "herald:deletionProtection": "true",
                "herald:unlock": {
                    "resource": "event-store",
                    "until": "2020-01-01",
                    "reason": "the table is empty",
                },
            }
        ),
        rf"herald:unlock\.until is wrong: expected a day from {DAY} to {DAY}, or no unlock at "
        r'all, came "2020-01-01"\.',
    ),
}


@pytest.mark.parametrize("fault", CHANGES)
def test_a_wrong_stack_file_is_told_in_one_sentence(project: Project, fault: str):
    change, sentence = CHANGES[fault]
    config = copy.deepcopy(project.config)
    change(config)
    project.write(config)
    done = project.pulumi("up", "--yes", "--skip-preview", "--stack", STACK)
    assert done.returncode != 0
    [told] = errors(done.stdout)
    assert re.fullmatch(rf"Pulumi\.local\.yaml: {sentence}", told)
    assert project.made() == []


def test_a_secret_that_another_environment_encrypted_stops_the_engine(project: Project):
    config = copy.deepcopy(project.config)
    config["herald:push"]["credentials"] = OF_ANOTHER
    project.write(config)
    done = project.pulumi("up", "--yes", "--skip-preview", "--stack", STACK)
    assert done.returncode != 0
    assert done.stderr.startswith("error: ")  # the engine's own sentence, before any program runs
    assert len(done.stderr.strip().splitlines()) == 1
    assert project.made() == []


def errors(output: str) -> list[str]:
    """Those of the summary; the lines of progress before it show the same."""
    _, _, diagnostics = output.partition("Diagnostics:")
    lines = [line.strip() for line in diagnostics.splitlines()]
    return [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
