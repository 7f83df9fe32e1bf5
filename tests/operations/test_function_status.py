"""The scheduler as a function, in the emulator."""

import io
import json
import zipfile
from datetime import UTC, datetime, timedelta

import pytest

from operations.function_status import FunctionStatus, functions
from operations.status import StackStatus
from operations.status_report import notes
from stacks.config.project import PROJECT

NAME = "test-notification-scheduler"
ROLE = {"Version": "2012-10-17", "Statement": []}


def code() -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("handler.py", "def handle(event, context): pass")
    return archive.getvalue()


@pytest.fixture
def scheduled(aws):
    """The stack with a function that runs each minute."""
    endpoint = aws.settings["aws:endpoints"][0]["sqs"]
    services = ("cloudwatch", "iam", "lambda", "scheduler", "sns", "sqs")
    aws.settings["aws:endpoints"] = [dict.fromkeys(services, endpoint)]
    aws.settings[f"{PROJECT}:scheduler"] = {"runtime": "lambda"}
    aws.write()
    role = aws.stack.client("iam").create_role(
        RoleName=NAME, AssumeRolePolicyDocument=json.dumps(ROLE)
    )["Role"]["Arn"]
    client = aws.stack.client("lambda")
    arn = client.create_function(
        FunctionName=NAME,
        Role=role,
        Runtime="python3.12",
        Handler="handler.handle",
        Code={"ZipFile": code()},
    )["FunctionArn"]
    client.put_function_concurrency(FunctionName=NAME, ReservedConcurrentExecutions=1)
    aws.stack.client("scheduler").create_schedule(
        Name=NAME,
        ScheduleExpression="rate(1 minute)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": arn, "RoleArn": role},
    )
    resources = [
        made("aws:lambda/function:Function", {"name": NAME, "arn": arn}),
        made(
            "aws:scheduler/schedule:Schedule",
            {"name": NAME, "groupName": "default", "target": {"arn": arn}},
        ),
    ]
    aws.answer("pulumi", "export", {"deployment": {"resources": resources}})
    return aws


def made(type_: str, outputs: dict) -> dict:
    return {"type": type_, "urn": f"urn::{NAME}", "outputs": outputs}


@pytest.mark.integration
def test_status_has_state_schedule_and_failures(scheduled):
    cloudwatch = scheduled.stack.client("cloudwatch")
    moment = datetime.now(UTC) - timedelta(minutes=5)
    for metric, value in (("Invocations", 60.0), ("Errors", 2.0)):
        cloudwatch.put_metric_data(
            Namespace="AWS/Lambda",
            MetricData=[
                {
                    "MetricName": metric,
                    "Dimensions": [{"Name": "FunctionName", "Value": NAME}],
                    "Timestamp": moment,
                    "Value": value,
                }
            ],
        )
    [told] = functions(scheduled.stack)
    assert told == FunctionStatus(
        name=NAME,
        state="Active",
        last_update="Successful",
        concurrency=1,
        schedule="ENABLED, rate(1 minute)",
        runs=60,
        failed=2,
    )
    assert not told.well


@pytest.mark.integration
def test_command_shows_status_as_table(scheduled, herald):
    scheduled.answer("pulumi", "history", [])
    scheduled.answer("kubectl", "get", {"items": []})
    said = herald("status", "--stack", "test")
    assert said.code == 0
    rows = [line.split() for line in said.out.splitlines()]
    expected = [NAME, "Active", "1", "ENABLED,", "rate(1", "minute)", "unknown", "unknown"]
    assert expected in rows


@pytest.mark.integration
def test_disabled_schedule_is_reported(scheduled, herald):
    client = scheduled.stack.client("scheduler")
    schedule = client.get_schedule(Name=NAME)
    client.update_schedule(
        State="DISABLED",
        **{
            key: schedule[key]
            for key in ("Name", "ScheduleExpression", "FlexibleTimeWindow", "Target")
        },
    )
    [told] = functions(scheduled.stack)
    assert told.schedule == "DISABLED, rate(1 minute)"
    assert not told.well


def test_scheduler_of_pods_has_no_function(project):
    project.settings[f"{PROJECT}:scheduler"] = {"runtime": "deployment"}
    project.write()
    assert list(functions(project.stack)) == []
    assert not (project.folder / "asked").exists()


def function(**changes) -> FunctionStatus:
    values = {"name": NAME, "state": "Active", "last_update": "Successful", "concurrency": 1}
    figures = {"schedule": "ENABLED, rate(1 minute)", "runs": 60, "failed": 0}
    return FunctionStatus(**{**values, **figures, **changes})


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, []),
        ({"failed": 1}, ["A function failed: its log group in CloudWatch has the reason."]),
        (
            {"schedule": "no schedule"},
            ["The schedule of a function is disabled: no notification is sent until `pulumi up`."],
        ),
    ],
)
def test_only_what_is_amiss_is_noted(changes, told):
    status = StackStatus(
        stack="test", namespace="test", updated="", functions=[function(**changes)]
    )
    assert notes(status) == told
    assert status.functions[0].well == (not told)
