"""The real engine and a queue in the emulator: what is locked stays, whatever is tried."""

import json
import os
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import boto3
import pytest

from local.environment import Environment
from stacks.config.project import ROOT

SHELL = Environment.from_variables().shell()
PROGRAM = """
from datetime import UTC, datetime
import pulumi, pulumi_aws as aws
from types import SimpleNamespace
from stacks.protection import protect_data
from stacks.config.unlock import Unlock

given = pulumi.Config()
locked = given.require_bool("locked")
today = datetime.now(UTC).date()
opened = Unlock(resource="event", until=today, reason="Replaces the queue")
protection = SimpleNamespace(
    prefix="", unlock=None if locked else opened, protects=lambda name: locked
)
protect_data(protection)
if given.require_bool("wanted"):
    queue = aws.sqs.Queue("event", name=given.require("prefix") + given.require("queue"))
    pulumi.export("url", queue.url)
"""


class Project:
    """A small project with a state of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "state").mkdir()
        runtime = {"name": "python", "options": {"virtualenv": str(Path(sys.prefix))}}
        (folder / "Pulumi.yaml").write_text(json.dumps({"name": "kept", "runtime": runtime}))
        (folder / "__main__.py").write_text(PROGRAM)
        self.environment = {
            **os.environ,
            **SHELL,
            "PYTHONPATH": str(ROOT),
            "PULUMI_BACKEND_URL": f"file://{folder}/state",
            "PULUMI_CONFIG_PASSPHRASE": "",
        }
        self.settings = aws_settings()
        # SQS refuses the name of a queue for a minute after the queue was deleted.
        self.prefix = f"kept-{uuid.uuid4().hex[:8]}-"
        self.configure(prefix=self.prefix, locked="true", wanted="true", queue="first")
        self.run("stack", "init", "kept")

    def configure(self, **values: str) -> None:
        self.settings |= {f"kept:{name}": value for name, value in values.items()}
        (self.folder / "Pulumi.kept.yaml").write_text(json.dumps({"config": self.settings}))

    def run(self, *arguments: str, refused: bool = False) -> str:
        done = subprocess.run(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        said = done.stdout + done.stderr
        assert (done.returncode != 0) is refused, said
        return said

    def apply(self, *, refused: bool = False, **values: str) -> str:
        self.configure(**values)
        return self.run("up", "--yes", "--skip-preview", refused=refused)


def aws_settings() -> dict[str, Any]:
    address = SHELL["AWS_ENDPOINT_URL"]
    accepted = ("skipCredentialsValidation", "skipMetadataApiCheck", "skipRequestingAccountId")
    return {
        "aws:region": "eu-central-1",
        "aws:accessKey": "local",
        "aws:secretKey": "local",
        "aws:endpoints": [{"sqs": address, "sts": address}],
        **{f"aws:{each}": "true" for each in accepted},
    }


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path)


@pytest.fixture
def queues(project):
    sqs = boto3.client(
        "sqs",
        endpoint_url=SHELL["AWS_ENDPOINT_URL"],
        region_name=SHELL["AWS_REGION"],
        aws_access_key_id=SHELL["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=SHELL["AWS_SECRET_ACCESS_KEY"],
    )

    def urls():
        return sqs.list_queues(QueueNamePrefix=project.prefix).get("QueueUrls", [])

    yield lambda: {url.rpartition(project.prefix)[2] for url in urls()}
    for url in urls():
        sqs.delete_queue(QueueUrl=url)


def test_protected_resources_survive_destroy_and_replace(project, queues):
    project.apply()
    for command in (
        ["destroy", "--yes", "--skip-preview"],
        ["destroy", "--yes", "--skip-preview", "--run-program"],
        ["up", "--yes", "--skip-preview", "--replace", "**event"],
    ):
        assert "protect" in project.run(*command, refused=True)
    assert queues() == {"first"}


def test_program_change_spares_protected_resources(project, queues):
    project.apply()
    assert "protect" in project.apply(queue="second", refused=True)
    assert "protect" in project.apply(queue="first", wanted="false", refused=True)
    assert queues() == {"first"}


def test_cloud_protects_what_engine_forgot(project, queues):
    project.apply()
    project.run("state", "unprotect", "--all", "--yes")
    project.run("destroy", "--yes", "--skip-preview")
    assert queues() == {"first"}


def test_unlocked_resource_can_be_replaced(project, queues):
    project.apply()
    project.apply(locked="false")
    project.apply(queue="second")
    assert queues() == {"second"}
    project.run("destroy", "--yes", "--skip-preview")
    assert queues() == set()
