"""Reads the status of a stack from AWS, the cluster and its history."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from operations.cluster import Cluster
from operations.errors import OperatorError
from operations.function_status import FunctionStatus, functions
from operations.reachability import answers_as_postgres, answers_over_http
from operations.stack import Stack
from stacks.outputs.models import StackOutputs

COUNTS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)
AGE_PERIOD = timedelta(minutes=10)  # metrics of CloudWatch arrive late


@dataclass(frozen=True, kw_only=True)
class QueueStatus:
    name: str
    dead_letters: bool
    waiting: int
    in_flight: int
    delayed: int
    oldest: int | None  # seconds; None without data of CloudWatch


@dataclass(frozen=True, kw_only=True)
class DeploymentStatus:
    name: str
    ready: int
    desired: int
    current: bool  # True if it runs the image of the last update


@dataclass(frozen=True, kw_only=True)
class StackStatus:
    """Contains the status; unknown parts are missing and listed in the problems."""

    stack: str
    namespace: str
    updated: str
    queues: list[QueueStatus] = field(default_factory=list)
    deployments: list[DeploymentStatus] = field(default_factory=list)
    functions: list[FunctionStatus] = field(default_factory=list)
    answering: dict[str, bool] = field(default_factory=dict)  # databases and APIs
    alarm_receivers: int | None = None
    problems: list[str] = field(default_factory=list)


def status_of(stack: Stack) -> StackStatus:
    outputs = stack.outputs
    status = StackStatus(
        stack=stack.name, namespace=outputs.namespace, updated=update_line(stack.last_update())
    )
    cloudwatch, sqs = stack.client("cloudwatch"), stack.client("sqs")
    try:
        status.queues.extend(queues(outputs, sqs, cloudwatch))
        status.functions.extend(functions(stack))
        receivers = alarm_receivers(outputs, stack.client("sns"))
        status = StackStatus(**{**vars(status), "alarm_receivers": receivers})
    except (BotoCoreError, ClientError) as error:
        status.problems.append(f"AWS did not answer: {error}")
    try:
        context = stack.written.get("kubernetes:context")
        status.deployments.extend(deployments(outputs, Cluster(context)))
    except OperatorError as error:
        status.problems.append(str(error))
    status.answering.update(addresses(outputs))
    return status


def update_line(last: dict[str, Any] | None) -> str:
    if last is None:
        return "never updated"
    changes = last.get("resourceChanges") or {}
    changed = sum(number for kind, number in changes.items() if kind != "same")
    ended = last.get("endTime", "").replace("T", " ")[:19]
    return f"{last['kind']} {last['result']} at {ended} UTC, {changed} resources changed"


def queues(outputs: StackOutputs, sqs: Any, cloudwatch: Any) -> Iterator[QueueStatus]:
    urls = [
        (url, dead)
        for queue in outputs.queues.values()
        for url, dead in ((queue.url, False), (queue.dead_letters_url, True))
    ]
    for url, dead in urls:
        answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(COUNTS))
        waiting, in_flight, delayed = (int(answer["Attributes"].get(each, 0)) for each in COUNTS)
        name = url.rpartition("/")[2]
        yield QueueStatus(
            name=name,
            dead_letters=dead,
            waiting=waiting,
            in_flight=in_flight,
            delayed=delayed,
            oldest=oldest(cloudwatch, name),
        )


def oldest(cloudwatch: Any, queue: str) -> int | None:
    """Return the age of the oldest message in seconds."""
    now = datetime.now(UTC)
    answer = cloudwatch.get_metric_statistics(
        Namespace="AWS/SQS",
        MetricName="ApproximateAgeOfOldestMessage",
        Dimensions=[{"Name": "QueueName", "Value": queue}],
        StartTime=now - AGE_PERIOD,
        EndTime=now,
        Period=60,
        Statistics=["Maximum"],
    )
    latest = sorted(answer["Datapoints"], key=lambda point: point["Timestamp"])[-1:]
    return int(latest[0]["Maximum"]) if latest else None


def alarm_receivers(outputs: StackOutputs, sns: Any) -> int:
    answer = sns.get_topic_attributes(TopicArn=outputs.alarm_topic_arn)
    return int(answer["Attributes"].get("SubscriptionsConfirmed", 0))


def deployments(outputs: StackOutputs, cluster: Cluster) -> Iterator[DeploymentStatus]:
    current = set(outputs.images.values())
    for deployment in cluster.deployments(outputs.namespace):
        pods = deployment["spec"]["template"]["spec"]["containers"]
        yield DeploymentStatus(
            name=deployment["metadata"]["name"],
            ready=deployment.get("status", {}).get("readyReplicas", 0),
            desired=deployment["spec"].get("replicas", 1),
            current=all(each["image"] in current for each in pods),
        )


def addresses(outputs: StackOutputs) -> Iterator[tuple[str, bool]]:
    for name, server in outputs.databases.items():
        place = f"database {name} at {server.host}:{server.port}"
        yield place, answers_as_postgres(server.host, server.port)
    for url in outputs.urls.values():
        yield f"API at {url}", answers_over_http(url)
