"""kill -9 in the middle of an update, at many points: the next one makes all right by itself.

A small stack, on the emulator and the cluster of `make up`, changes from generation to generation:
all of its resources are made anew, then the old ones deleted. Each time it is killed at another
point of that.
"""

import json
import os
import shutil
import signal
import subprocess
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import boto3
import pytest
import yaml

from local.environment import PROJECT, Environment
from local.provisioning import STACK, Provisioning

pytestmark = pytest.mark.usefixtures("outages")  # it needs no services
NAME = "cut-off"
UP = ["pulumi", "up", "--stack", STACK, "--yes", "--skip-preview", "--non-interactive"]
BEGINS = (" creating (0s)", " deleting (0s)")  # what the engine says before it asks a provider
POINTS = [1, 2, 4, 5, 8, 11, 14, 19, 24, 27]  # of about 32


class CutOff:
    def __init__(self, folder: Path) -> None:
        self.folder = shutil.copytree(Path(__file__).parent / "cut_off", folder / NAME)
        self.environment = Environment.from_variables()
        self.provisioning = Provisioning(self.environment, self.folder, NAME)
        self.run = f"{NAME}-{uuid.uuid4().hex[:6]}"  # whatever an earlier run has left
        self.number = 0

    @property
    def generation(self) -> str:
        return f"{self.run}-{self.number}"

    def next_generation(self) -> None:
        self.number += 1
        given = yaml.safe_load((PROJECT / "Pulumi.local.yaml").read_text())
        config = {key: value for key, value in given["config"].items() if key.startswith("aws:")}
        config[f"{NAME}:generation"] = self.generation
        text = yaml.safe_dump({"config": config, "encryptionsalt": given["encryptionsalt"]})
        (self.folder / "Pulumi.local.yaml").write_text(text)

    def up(self) -> None:
        self.provisioning.up((self.environment.state / "aws-instance").read_text())

    def killed_up(self, point: int, *, alone: bool) -> None:
        """Kill the engine, alone or with its plugins, as it begins the operation of a number."""
        with subprocess.Popen(
            UP,
            cwd=self.folder,
            env=self.provisioning.variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as running:
            said = read_until(running.stdout or (), point)
            for pid in [running.pid] if alone else [running.pid, *descendants(running.pid)]:
                os.kill(pid, signal.SIGKILL)
        assert running.returncode == -signal.SIGKILL, said

    def state(self) -> dict[str, list[str]]:
        """The ids of all resources that the stack knows, by type."""
        checkpoint = json.loads(self.provisioning.checkpoint.read_text())["checkpoint"]["latest"]
        assert not checkpoint.get("pending_operations")
        found = defaultdict(list)
        for resource in checkpoint["resources"]:
            assert not resource.get("delete"), resource["urn"]
            if resource["type"] in Existing.TYPES:
                found[resource["type"]].append(resource["id"])
        return {kind: sorted(ids) for kind, ids in found.items()}

    def destroy(self) -> None:
        options = ["--stack", STACK, "--yes", "--skip-preview", "--remove"]
        subprocess.run(
            ["pulumi", "destroy", *options],
            cwd=self.folder,
            env=self.provisioning.variables,
            check=False,
        )
        for folder in self.provisioning.states.rglob(NAME):
            shutil.rmtree(folder)


def read_until(lines: Iterable[str], point: int) -> str:
    """What the engine says until it begins the operation of that number."""
    said = ""
    for line in lines:
        said += line
        point -= line.rstrip().endswith(BEGINS)
        if not point:
            return said
    raise AssertionError(f"the update ended before its operation: {said}")


def descendants(parent: int) -> list[int]:
    rows = subprocess.check_output(["ps", "-eo", "pid=,ppid="], text=True).split()
    pairs = list(zip(map(int, rows[::2]), map(int, rows[1::2]), strict=True))
    children = [pid for pid, of in pairs if of == parent]
    return children + [each for child in children for each in descendants(child)]


class Existing:
    """What there is of this stack in the emulator and in the cluster, whoever knows of it."""

    TYPES = {
        "aws:cloudwatch/metricAlarm:MetricAlarm": "alarms",
        "aws:dynamodb/table:Table": "tables",
        "aws:kms/alias:Alias": "aliases",
        "aws:kms/key:Key": "keys",
        "aws:sns/topic:Topic": "topics",
        "aws:sns/topicSubscription:TopicSubscription": "subscriptions",
        "aws:sqs/queue:Queue": "queues",
        "kubernetes:core/v1:Secret": "secrets",
    }

    def __init__(self, shell: dict[str, str], run: str) -> None:
        self.shell, self.run = shell, run

    def all(self) -> dict[str, list[str]]:
        return {kind: sorted(getattr(self, name)()) for kind, name in self.TYPES.items()}

    def client(self, service: str):
        return boto3.client(
            service,
            endpoint_url=self.shell["AWS_ENDPOINT_URL"],
            region_name=self.shell["AWS_REGION"],
            aws_access_key_id="local",
            aws_secret_access_key="local",
        )

    def pages(self, service: str, operation: str, key: str, **given: str) -> Iterator:
        for page in self.client(service).get_paginator(operation).paginate(**given):
            yield from page.get(key, [])

    def alarms(self) -> list[str]:
        found = self.pages(
            "cloudwatch", "describe_alarms", "MetricAlarms", AlarmNamePrefix=self.run
        )
        return [alarm["AlarmName"] for alarm in found]

    def tables(self) -> list[str]:
        found = self.pages("dynamodb", "list_tables", "TableNames")
        return [name for name in found if name.startswith(self.run)]

    def aliases(self) -> list[str]:
        names = [each["AliasName"] for each in self.pages("kms", "list_aliases", "Aliases")]
        return [name for name in names if name.startswith(f"alias/{self.run}")]

    def keys(self) -> list[str]:
        client = self.client("kms")
        ids = [key["KeyId"] for key in self.pages("kms", "list_keys", "Keys")]
        told = [client.describe_key(KeyId=each)["KeyMetadata"] for each in ids]
        return [
            key["KeyId"]
            for key in told
            if f" {self.run}-" in key["Description"] and key["KeyState"] == "Enabled"
        ]

    def topics(self) -> list[str]:
        arns = [topic["TopicArn"] for topic in self.pages("sns", "list_topics", "Topics")]
        return [arn for arn in arns if f":{self.run}-" in arn]

    def subscriptions(self) -> list[str]:
        found = self.pages("sns", "list_subscriptions", "Subscriptions")
        return [each["SubscriptionArn"] for each in found if f":{self.run}-" in each["TopicArn"]]

    def queues(self) -> list[str]:
        return list(self.pages("sqs", "list_queues", "QueueUrls", QueueNamePrefix=self.run))

    def secrets(self) -> list[str]:
        command = ["kubectl", "get", "secrets", "-l", f"part={NAME}", "-o", "name"]
        names = subprocess.check_output(command, env={**os.environ, **self.shell}, text=True)
        own = [name for name in names.split() if name.startswith(f"secret/{self.run}-")]
        return [f"default/{name.removeprefix('secret/')}" for name in own]


@pytest.fixture(scope="module")
def stack(tmp_path_factory) -> Iterator[CutOff]:
    made = CutOff(tmp_path_factory.mktemp("project"))
    made.next_generation()
    made.up()
    yield made
    made.destroy()


@pytest.mark.parametrize("point", POINTS)
def test_next_update_completes_without_leftovers(stack, platform, point):
    stack.next_generation()
    stack.killed_up(point, alone=point % 2 == 0)

    stack.up()

    exists = Existing(platform.shell, stack.run).all()
    assert exists == stack.state()
    assert all(exists.values())
    assert f"alias/{stack.generation}" in exists["aws:kms/alias:Alias"]
    assert len(exists["aws:kms/key:Key"]) == 1
