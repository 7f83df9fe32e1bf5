"""Previews as the command makes them, on the platform of `make up`."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest

from audit.programs import account, platform
from local.environment import PROJECT, Environment
from preview.plan import NOT_COMPONENTS

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]
SHELL = Environment().shell()


def preview(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "preview", *arguments]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)


def topics() -> set[str]:
    client = boto3.client(
        "sns",
        endpoint_url=SHELL["AWS_ENDPOINT_URL"],
        region_name=SHELL["AWS_REGION"],
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    return {topic["TopicArn"] for topic in client.list_topics()["Topics"]}


def planned(report: dict[str, Any]) -> list[tuple[str, str]]:
    return sorted((each["type"], each["urn"].rpartition("::")[2]) for each in report["resources"])


def judged(program: str, stack: str) -> list[tuple[str, str]]:
    run = platform if program == "platform" else account
    made = [each for each in run(stack).resources if NOT_COMPONENTS.match(each.type)]
    return sorted((each.type, each.name) for each in made)


def stack_files() -> dict[str, str]:
    return {file.name: file.read_text() for file in PROJECT.glob("Pulumi*.yaml")}


@pytest.mark.parametrize("program", ["platform", "foundation"])
@pytest.mark.parametrize("stack", ["dev", "staging", "prod"])
def test_each_environment_can_be_made_and_breaks_no_rule(program: str, stack: str, tmp_path: Path):
    before = topics(), stack_files()
    of = ("--stack", stack, "--program", program)
    name = stack if program == "platform" else f"foundation-{stack}"
    done = preview(*of, "--format", "json", "--output", str(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads(done.stdout)
    assert report["policies"]["findings"] == []
    assert report["policies"]["rules"] > 60
    assert report["cost"]["unpriced"] == []
    assert float(report["cost"]["monthly"]) > 10
    assert report["counts"] == {"create": len(report["resources"])}
    assert planned(report) == judged(program, stack), (
        "an audit must judge what a preview would make"
    )
    assert (topics(), stack_files()) == before
    assert json.loads((tmp_path / f"{name}.json").read_text()) == report

    again = preview(*of, "--before", str(tmp_path / f"{name}.json"))
    assert again.returncode == 0, again.stdout
    first, *_ = again.stdout.splitlines()
    same = len(report["resources"])
    assert first == f"Stack {name} against the earlier preview: {same} unchanged"


def test_an_unknown_stack_is_told_in_one_sentence():
    done = preview("--stack", "qa")
    assert done.returncode == 1
    assert done.stderr == ("preview: qa is no stack; expected one of dev, local, prod, staging.\n")
