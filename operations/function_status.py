"""How the functions of a stack do that run on a schedule, asked from AWS."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from herald.stack import Stack

FUNCTION, SCHEDULE = "aws:lambda/function:Function", "aws:scheduler/schedule:Schedule"
WINDOW = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class FunctionStatus:
    name: str
    state: str  # such as Active
    last_update: str  # such as Successful
    concurrency: int | None  # how many runs at once at most; None where AWS sets no bound
    schedule: str  # such as ENABLED, rate(1 minute)
    runs: int | None  # in the last hour; None where CloudWatch has no figure
    failed: int | None

    @property
    def well(self) -> bool:
        ready = self.state in ("Active", "Inactive") and self.last_update == "Successful"
        return ready and self.schedule.startswith("ENABLED") and not self.failed


def functions(stack: Stack) -> Iterator[FunctionStatus]:
    """Nothing is asked where the stack file says that pods are the scheduler."""
    if stack.written.get("herald:scheduler", {}).get("runtime") != "lambda":
        return
    resources = stack.resources()
    schedules = made(resources, SCHEDULE)
    for function in made(resources, FUNCTION):
        own = [each for each in schedules if each["target"]["arn"] == function["arn"]]
        yield function_status(stack, function["name"], own)


def made(resources: Sequence[Mapping[str, Any]], type_: str) -> list[Mapping[str, Any]]:
    """The outputs of each resource of a type."""
    return [each.get("outputs") or {} for each in resources if each["type"] == type_]


def function_status(
    stack: Stack, name: str, schedules: Sequence[Mapping[str, Any]]
) -> FunctionStatus:
    told = stack.client("lambda").get_function(FunctionName=name)
    configuration, cloudwatch = told["Configuration"], stack.client("cloudwatch")
    return FunctionStatus(
        name=name,
        state=configuration.get("State", "unknown"),
        last_update=configuration.get("LastUpdateStatus", "unknown"),
        concurrency=told.get("Concurrency", {}).get("ReservedConcurrentExecutions"),
        schedule="; ".join(schedule_state(stack, each) for each in schedules) or "no schedule",
        runs=counted(cloudwatch, "Invocations", name),
        failed=counted(cloudwatch, "Errors", name),
    )


def schedule_state(stack: Stack, schedule: Mapping[str, Any]) -> str:
    told = stack.client("scheduler").get_schedule(
        Name=schedule["name"], GroupName=schedule.get("groupName") or "default"
    )
    return f"{told['State']}, {told['ScheduleExpression']}"


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
