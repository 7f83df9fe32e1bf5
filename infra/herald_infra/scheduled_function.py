"""A function that runs on a schedule, from a container image."""

from __future__ import annotations  # so that the SDK's modules load only when used

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi import Input, Output, ResourceOptions
from pulumi_aws import cloudwatch, iam, lambda_, scheduler, sqs

from infra.dashboard import Metric, Panel
from infra.dead_letters import dead_letter_queue, dead_letters_metric, dead_letters_not_empty
from infra.metric_alarm import MetricAlarmArgs, metric_alarm
from infra.policy_document import (
    Statement,
    account_of,
    allow,
    assumed_by_service,
    deny_plain_transport,
    policy_json,
)

NETWORK_POLICY = "arn:aws:iam::aws:policy/service-role/AWSLambdaENIManagementAccess"


@dataclass(frozen=True, kw_only=True)
class ScheduledFunctionArgs:
    image: Input[str]  # repository@digest of ECR; Lambda refuses a tag beside it
    command: Sequence[str] | None = None  # the image's own when none
    schedule: str = "rate(1 minute)"
    timeout: int = 55  # seconds; less than the schedule's interval
    memory: int = 256  # MiB
    architecture: str = "x86_64"
    environment: Mapping[str, Input[str]] = field(default_factory=dict)
    statements: Sequence[Statement] = ()
    subnet_ids: Sequence[Input[str]] | Input[Sequence[str]] | None = None  # no VPC when none
    security_group_ids: Sequence[Input[str]] | Input[Sequence[str]] = ()
    log_days: int = 30
    kms_key_arn: Input[str] | None = None  # for the environment and the dead letters
    alarm_topic_arn: Input[str] | None = None


class ScheduledFunction(pulumi.ComponentResource):
    """A Lambda function that EventBridge Scheduler starts; never twice at the same time.

    A start that fails is not repeated, the next tick is the repetition; its event ends in
    the dead letters. The role holds the given statements, its own log group and its dead
    letters. With an alarm topic, errors and dead letters are told.
    """

    name: Output[str]
    arn: Output[str]
    dead_letters_url: Output[str]
    log_group: Output[str]

    def __init__(
        self, name: str, args: ScheduledFunctionArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("herald:infra:ScheduledFunction", name, {}, opts)
        child = ResourceOptions(parent=self)

        self.logs = cloudwatch.LogGroup(name, retention_in_days=args.log_days, opts=child)
        self.dead_letters = dead_letter_queue(name, args.kms_key_arn, child)
        sqs.QueuePolicy(
            f"{name}-dead-letters",
            queue_url=self.dead_letters.url,
            policy=policy_json([deny_plain_transport("sqs:*", self.dead_letters.arn)]),
            opts=child,
        )
        send = send_statement(self.dead_letters.arn, args.kms_key_arn)
        role, granted = function_role(name, args, [write_logs(self.logs.arn), send], child)
        self.function = lambda_.Function(
            name,
            role=role.arn,
            logging_config={"log_format": "Text", "log_group": self.logs.name},
            dead_letter_config={"target_arn": self.dead_letters.arn},
            opts=ResourceOptions.merge(child, ResourceOptions(depends_on=granted)),
            **code_and_limits(args),
            **surroundings(args),
        )
        lambda_.FunctionEventInvokeConfig(
            name,
            function_name=self.function.name,
            maximum_event_age_in_seconds=60,
            maximum_retry_attempts=0,
            opts=child,
        )
        self.schedule = schedule(name, args, self.function, self.dead_letters, send, child)
        if args.alarm_topic_arn is not None:
            self.raise_alarms(name, args.alarm_topic_arn, child)

        self.name, self.arn = self.function.name, self.function.arn
        self.dead_letters_url, self.log_group = self.dead_letters.url, self.logs.name
        self.register_outputs(
            {
                "name": self.name,
                "arn": self.arn,
                "dead_letters_url": self.dead_letters_url,
                "log_group": self.log_group,
            }
        )

    def panels(self) -> list[Panel]:
        about: dict[str, Any] = {
            "namespace": "AWS/Lambda",
            "dimensions": {"FunctionName": self.name},
        }
        runs = [
            Metric(name="Invocations", label="runs", statistic="Sum", **about),
            Metric(name="Errors", label="errors", statistic="Sum", **about),
            dead_letters_metric(self.dead_letters.name),
        ]
        duration = Metric(name="Duration", label="milliseconds", **about)
        return [
            Panel(title=f"Function {self.pulumi_resource_name}", metrics=runs),
            Panel(title=f"Function {self.pulumi_resource_name}: duration", metrics=[duration]),
        ]

    def raise_alarms(self, name: str, topic_arn: Input[str], child: ResourceOptions) -> None:
        metric_alarm(f"{name}-errors", errors(name, self.function.name, topic_arn), child)
        metric_alarm(
            f"{name}-dead-letters",
            dead_letters_not_empty(f"Function {name}", self.dead_letters.name, topic_arn),
            child,
        )


def function_role(
    name: str, args: ScheduledFunctionArgs, own: Sequence[Statement], child: ResourceOptions
) -> tuple[iam.Role, list[pulumi.Resource]]:
    """The role, and what must be granted before the function can start."""
    role = iam.Role(
        name,
        description=f"Taken by function {name}",
        assume_role_policy=policy_json([assumed_by_service("lambda.amazonaws.com")]),
        opts=child,
    )
    granted: list[pulumi.Resource] = [
        iam.RolePolicy(
            name, role=role.name, policy=policy_json([*own, *args.statements]), opts=child
        )
    ]
    if args.subnet_ids is not None:
        # Describing network interfaces can't be narrowed to some, so AWS's own policy does it.
        granted.append(
            iam.RolePolicyAttachment(name, role=role.name, policy_arn=NETWORK_POLICY, opts=child)
        )
    return role, granted


def code_and_limits(args: ScheduledFunctionArgs) -> dict[str, Any]:
    command = {} if args.command is None else {"image_config": {"commands": list(args.command)}}
    return {
        "package_type": "Image",
        "image_uri": args.image,
        "architectures": [args.architecture],
        "timeout": args.timeout,
        "memory_size": args.memory,
        "reserved_concurrent_executions": 1,
        **command,
    }


def surroundings(args: ScheduledFunctionArgs) -> dict[str, Any]:
    given: dict[str, Any] = {}
    if args.environment:
        given["environment"] = {"variables": dict(args.environment)}
    if args.kms_key_arn is not None:
        given["kms_key_arn"] = args.kms_key_arn
    if args.subnet_ids is not None:
        given["vpc_config"] = {
            "subnet_ids": args.subnet_ids,
            "security_group_ids": args.security_group_ids,
        }
    return given


def schedule(
    name: str,
    args: ScheduledFunctionArgs,
    function: lambda_.Function,
    dead_letters: sqs.Queue,
    send: Statement,
    child: ResourceOptions,
) -> scheduler.Schedule:
    account = function.arn.apply(account_of)
    role = iam.Role(
        f"{name}-schedule",
        description=f"Taken by the schedule of function {name}",
        assume_role_policy=policy_json([assumed_by_service("scheduler.amazonaws.com", account)]),
        opts=child,
    )
    granted = iam.RolePolicy(
        f"{name}-schedule",
        role=role.name,
        policy=policy_json([allow(["lambda:InvokeFunction"], function.arn), send]),
        opts=child,
    )
    return scheduler.Schedule(
        name,
        schedule_expression=args.schedule,
        flexible_time_window={"mode": "OFF"},
        target={
            "arn": function.arn,
            "role_arn": role.arn,
            "retry_policy": {"maximum_event_age_in_seconds": 60, "maximum_retry_attempts": 0},
            "dead_letter_config": {"arn": dead_letters.arn},
        },
        opts=ResourceOptions.merge(child, ResourceOptions(depends_on=[granted])),
    )


def write_logs(log_group_arn: Input[str]) -> dict[str, Any]:
    streams = Output.concat(log_group_arn, ":*")
    return allow(["logs:CreateLogStream", "logs:PutLogEvents"], streams)


def send_statement(queue_arn: Input[str], kms_key_arn: Input[str] | None) -> dict[str, Any]:
    return allow(
        ["sqs:SendMessage"],
        queue_arn,
        key_actions=["kms:Decrypt", "kms:GenerateDataKey"],
        key_arn=kms_key_arn,
    )


def errors(name: str, function_name: Input[str], alarm_topic_arn: Input[str]) -> MetricAlarmArgs:
    return MetricAlarmArgs(
        description=f"Function {name} fails",
        namespace="AWS/Lambda",
        metric="Errors",
        dimensions={"FunctionName": function_name},
        statistic="Sum",
        threshold=0,
        minutes=2,
        topic_arn=alarm_topic_arn,
    )
