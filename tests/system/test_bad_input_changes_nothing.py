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
from review.simulation.rehearsal import PROGRAMS, lay_out, read_stack_file
from stacks.config.project import PROJECT as PROJECT_NAME

Change = Callable[[dict[str, Any]], Any]  # of a stack's configuration
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

    def update(self, change: Change, *options: str) -> subprocess.CompletedProcess[str]:
        """Run an update with a change of the valid configuration."""
        config = copy.deepcopy(self.config)
        change(config)
        self.write(config)
        return self.pulumi("up", "--yes", "--skip-preview", "--stack", STACK, *options)

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


DAY = r"\d{4}-\d\d-\d\d"
CHANGES: dict[str, tuple[Change, str]] = {
    "missing key": (
        lambda config: config.pop(f"{PROJECT_NAME}:account"),
        rf"{PROJECT_NAME}:account is missing; expected a value\.",
    ),
    "misspelt key": (
        lambda config: config.update({f"{PROJECT_NAME}:namespaces": "local"}),
        rf"unknown setting {PROJECT_NAME}:namespaces; the most similar setting is "
        rf"{PROJECT_NAME}:namespace\.",
    ),
    "wrong type": (
        lambda config: config.update({f"{PROJECT_NAME}:messaging": {"maxReceives": "many"}}),
        rf'{PROJECT_NAME}:messaging\.maxReceives is wrong: expected a valid integer; got "many"\.',
    ),
    "secret in plain text": (
        lambda config: config[f"{PROJECT_NAME}:push"].update({"credentials": "a key"}),
        rf"{PROJECT_NAME}:push\.credentials is plain text; expected a secret, set by "
        rf"`pulumi config set --stack local --secret --path {PROJECT_NAME}:push\.credentials`\.",
    ),
    "repositories of an environment in AWS": (
        lambda config: config[f"{PROJECT_NAME}:images"].update(
            {"repositories": {"keptImages": 30}}
        ),
        rf"{PROJECT_NAME}:images is wrong: expected a registry on ECR with `repositories`; .+",
    ),
    "expired unlock": (
        lambda config: config.update(
            {
                f"{PROJECT_NAME}:deletionProtection": "true",
                f"{PROJECT_NAME}:unlock": {
                    "resource": "event-store",
                    "until": "2020-01-01",
                    "reason": "the table is empty",
                },
            }
        ),
        rf"{PROJECT_NAME}:unlock\.until is wrong: expected a day from {DAY} to {DAY}; remove an "
        r'expired unlock; got "2020-01-01"\.',
    ),
}


@pytest.mark.parametrize("fault", CHANGES)
def test_wrong_stack_file_is_one_sentence(project: Project, fault: str):
    change, sentence = CHANGES[fault]
    done = project.update(change)
    assert done.returncode != 0
    [told] = errors(done.stdout)
    assert re.fullmatch(rf"Pulumi\.local\.yaml: {sentence}", told)
    assert project.made() == []


def test_foreign_secret_stops_the_engine(project: Project):
    done = project.update(
        lambda config: config[f"{PROJECT_NAME}:push"].update(credentials=OF_ANOTHER)
    )
    assert done.returncode != 0
    assert done.stderr.startswith("error: ")  # the engine's own sentence, before any program runs
    assert len(done.stderr.strip().splitlines()) == 1
    assert project.made() == []


IMAGES: dict[str, tuple[Change, str]] = {
    "registry that does not answer": (
        lambda config: config[f"{PROJECT_NAME}:images"].update({"registry": "localhost:1"}),
        r".*localhost:1/.*connection refused.*",
    ),
    "base that the registry lacks": (
        lambda config: config[f"{PROJECT_NAME}:images"].update({"base": "localhost:5000/absent:1"}),
        r".*localhost:5000/absent:1.*not found.*",
    ),
}


@pytest.mark.parametrize("fault", IMAGES)
def test_failed_image_stops_the_update(project: Project, fault: str):
    change, sentence = IMAGES[fault]
    kinds = ("herald:infra:ContainerImage", "docker-build:index:Image")  # the parent comes first
    targets = [f"--target=**{kind}::*event-service" for kind in kinds]
    done = project.update(change, *targets)
    assert done.returncode != 0
    assert any(re.fullmatch(sentence, error) for error in errors(done.stdout)), done.stdout
    assert [urn for urn in project.made() if "docker-build:index:Image" in urn] == []


def errors(output: str) -> list[str]:
    """Those of the summary; the lines of progress before it show the same."""
    _, _, diagnostics = output.partition("Diagnostics:")
    lines = [line.strip() for line in diagnostics.splitlines()]
    return [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
