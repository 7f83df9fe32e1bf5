"""Reads the status of a stack's scheduled functions from AWS."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from operations.stack import Stack
from stacks.config.project import PROJECT

FUNCTION, SCHEDULE = "aws:lambda/function:Function", "aws:scheduler/schedule:Schedule"
WINDOW = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class FunctionStatus:
    name: str
    state: str  # for example Active
    last_update: str  # for example Successful
    concurrency: int | None  # maximum number of concurrent runs; None: unlimited
    schedule: str  # for example ENABLED, rate(1 minute)
    runs: int | None  # in the last hour; None without data of CloudWatch
    failed: int | None

    @property
    def well(self) -> bool:
        ready = self.state in ("Active", "Inactive") and self.last_update == "Successful"
        return ready and self.schedule.startswith("ENABLED") and not self.failed


def functions(stack: Stack) -> Iterator[FunctionStatus]:
    """Yield the functions; none if the stack file runs the scheduler as pods."""
    if stack.written.get(f"{PROJECT}:scheduler", {}).get("runtime") != "lambda":
        return
    resources = stack.resources()
    schedules = outputs_of_type(resources, SCHEDULE)
    for function in outputs_of_type(resources, FUNCTION):
        own = [each for each in schedules if each["target"]["arn"] == function["arn"]]
        yield function_status(stack, function["name"], own)


def outputs_of_type(resources: Sequence[Mapping[str, Any]], type_: str) -> list[Mapping[str, Any]]:
    """Return the outputs of all resources of a type."""
    return [each.get("outputs") or {} for each in resources if each["type"] == type_]


def function_status(
    stack: Stack, name: str, schedules: Sequence[Mapping[str, Any]]
) -> FunctionStatus:
    answer = stack.client("lambda").get_function(FunctionName=name)
    configuration, cloudwatch = answer["Configuration"], stack.client("cloudwatch")
    return FunctionStatus(
        name=name,
        state=configuration.get("State", "unknown"),
        last_update=configuration.get("LastUpdateStatus", "unknown"),
        concurrency=answer.get("Concurrency", {}).get("ReservedConcurrentExecutions"),
        schedule="; ".join(schedule_state(stack, each) for each in schedules) or "no schedule",
        runs=counted(cloudwatch, "Invocations", name),
        failed=counted(cloudwatch, "Errors", name),
    )


def schedule_state(stack: Stack, schedule: Mapping[str, Any]) -> str:
    answer = stack.client("scheduler").get_schedule(
        Name=schedule["name"], GroupName=schedule.get("groupName") or "default"
    )
    return f"{answer['State']}, {answer['ScheduleExpression']}"


def counted(cloudwatch: Any, metric: str, function: str) -> int | None:
    now = datetime.now(UTC)
    answer = cloudwatch.get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName=metric,
        Dimensions=[{"Name": "FunctionName", "Value": function}],
        StartTime=now - WINDOW,
        EndTime=now,
        Period=int(WINDOW.total_seconds()),
        Statistics=["Sum"],
    )
    points = answer["Datapoints"]
    return int(sum(point["Sum"] for point in points)) if points else None
