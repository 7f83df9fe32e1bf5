"""The nightly comparison, run by the engine as the workflow runs it."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from local.environment import PROJECT
from plugins.installation import plugin_path, write_language_host, write_program
from review.simulation.rehearsal import ENGINE, search_path
from tests.stacks.conftest import platform

__all__ = ["platform"]  # a fixture: the real program, run on mocks

COMPARISON = "Compare the stack with its resources"
PROGRAM = """
import pulumi
from herald_infra.kubernetes_object import KubernetesObject
from herald_infra.migration_job import MigrationJob, MigrationJobArgs
from herald_infra.restricted_pod import Environment, Resources
from herald_infra.service_secret import ServiceSecret, ServiceSecretArgs

config = pulumi.Config()
place = {"namespace": "dev", "labels": {"app": "reminders"}}
secret = ServiceSecret(
    "dev-reminders-db-admin-secrets",
    ServiceSecretArgs(**place, data={"password": config.require("password")}),
)
migration = MigrationJob(
    "dev-reminders-migration",
    MigrationJobArgs(
        **place,
        image="reminders@sha256:1",
        arguments=["migrate"],
        environment=Environment(secrets={"PASSWORD": secret.key("password")}),
        resources=Resources(
            cpu_request="25m", memory_request="64Mi", cpu_limit="1", memory_limit="64Mi"
        ),
    ),
)
KubernetesObject(
    "dev-settings",
    api="v1",
    kind="ConfigMap",
    metadata={"name": "settings", "namespace": "dev"},
    body={"data": {"size": config.require("size")}},
    opts=pulumi.ResourceOptions(depends_on=[migration]),
)
"""


def comparison() -> list[str]:
    """Return the options of the workflow's `pulumi preview`, for the stack `dev`."""
    jobs = yaml.safe_load((PROJECT / ".github" / "workflows" / "drift.yml").read_text())["jobs"]
    [step] = [each for each in jobs["drift"]["steps"] if each.get("name") == COMPARISON]
    words = shlex.split(step["run"].replace("\\\n", " ").replace("$STACK", "dev"))
    return [*words[1 : words.index("--policy-pack")], *words[words.index("--policy-pack") + 2 :]]


def left_out() -> list[str]:
    words = comparison()
    return [word for before, word in zip(words, words[1:], strict=False) if before == "--exclude"]


@pytest.mark.parametrize("stack", ["dev", "staging", "prod"])
def test_only_admin_passwords_are_left_out(platform, stack):
    patterns = [
        re.compile(".*".join(re.escape(part).replace(r"\*", "[^:]*") for part in each.split("**")))
        for each in left_out()
    ]
    found = {
        (each.type.rpartition(":")[2], each.name.removeprefix(f"{stack}-"))
        for each in platform(stack).resources
        if any(pattern.fullmatch(each.urn) for pattern in patterns)
    }
    databases = {
        each.name.removeprefix(f"{stack}-")
        for each in platform(stack).all("herald:infra:ServiceDatabase")
    }
    assert databases >= {"device", "notification", "reminder"}
    assert found == {("Secret", f"{each}-db-admin-secrets-version") for each in databases} | {
        ("Job", f"{each}-migration") for each in databases
    }


class Stack:
    """A stack of the program above, made by the engine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        virtualenv = {"virtualenv": str(PROJECT / ".venv")}
        runtime = {"name": "python", "options": virtualenv}
        (folder / "Pulumi.yaml").write_text(yaml.safe_dump({"name": "herald", "runtime": runtime}))
        (folder / "__main__.py").write_text(PROGRAM)
        (folder / "state").mkdir()
        write_language_host(folder / "home")
        module = Path(__file__).parent / "kubernetes_in_state.py"
        plugin = f'#!/bin/sh\nexec "{sys.executable}" "{module}" "$@"\n'
        write_program(plugin_path(folder / "home", "kubernetes"), plugin)

    def pulumi(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        variables = {
            **os.environ,
            **ENGINE,
            "PATH": search_path(),
            "PULUMI_HOME": str(self.folder / "home"),
            "PULUMI_BACKEND_URL": f"file://{self.folder / 'state'}",
            "STACK": "dev",
        }
        return subprocess.run(
            ["pulumi", *arguments],
            cwd=self.folder,
            env=variables,
            capture_output=True,
            text=True,
            check=False,
        )

    def set(self, password: str, size: str = "1") -> None:
        config = {"config": {"herald:password": password, "herald:size": size}}
        (self.folder / "Pulumi.dev.yaml").write_text(yaml.safe_dump(config))

    def compare(self, *options: str) -> subprocess.CompletedProcess[str]:
        return self.pulumi(*(options or comparison()))


@pytest.mark.integration
def test_renewed_passwords_are_no_drift(tmp_path: Path):
    stack = Stack(tmp_path)
    stack.set("first")
    assert stack.pulumi("stack", "init", "dev").returncode == 0
    made = stack.pulumi("up", "--stack", "dev", "--yes", "--non-interactive", "--skip-preview")
    assert made.returncode == 0, made.stdout + made.stderr
    unchanged = stack.compare()
    assert unchanged.returncode == 0, unchanged.stdout + unchanged.stderr

    stack.set("renewed")
    plain = stack.compare("preview", "--stack", "dev", "--expect-no-changes", "--non-interactive")
    assert plain.returncode != 0
    assert "dev-reminders-db-admin-secrets-version" in plain.stdout
    renewed = stack.compare()
    assert renewed.returncode == 0, renewed.stdout + renewed.stderr

    stack.set("renewed", size="2")
    drifted = stack.compare()
    assert drifted.returncode != 0
    assert "dev-settings" in drifted.stdout
