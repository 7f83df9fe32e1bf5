"""Runs a function on a schedule, from a container image."""

from __future__ import annotations  # the modules of the SDK load only when they are used

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi import Input, Output, ResourceOptions
from pulumi_aws import cloudwatch, iam, lambda_, scheduler, sqs

from herald_infra.dashboard import Metric, Panel
from herald_infra.dead_letters import dead_letter_queue, dead_letters_metric, dead_letters_not_empty
from herald_infra.metric_alarm import MetricAlarmArgs, metric_alarm
from herald_infra.policy_document import (
    Statement,
    account_of,
    allow,
    deny_plain_transport,
    policy_json,
    trust_service,
)

NETWORK_POLICY = "arn:aws:iam::aws:policy/service-role/AWSLambdaENIManagementAccess"


@dataclass(frozen=True, kw_only=True)
class ScheduledFunctionArgs:
    image: Input[str]  # repository@digest of ECR; Lambda rejects a tag
    command: Sequence[str] | None = None  # None: the command of the image
    schedule: str = "rate(1 minute)"
    timeout: int = 55  # seconds; less than the interval of the schedule
    memory: int = 256  # MiB
    architecture: str = "x86_64"
    environment: Mapping[str, Input[str]] = field(default_factory=dict)
    statements: Sequence[Statement] = ()
    subnet_ids: Sequence[Input[str]] | Input[Sequence[str]] | None = None  # None: no VPC
    security_group_ids: Sequence[Input[str]] | Input[Sequence[str]] = ()
    log_days: int = 30
    kms_key_arn: Input[str] | None = None  # for the environment and the dead letters
    alarm_topic_arn: Input[str] | None = None


class ScheduledFunction(pulumi.ComponentResource):
    """Creates a Lambda function that EventBridge Scheduler starts, one at a time.

    A failed start is not retried; its event goes to the dead-letter queue, and the next start
    follows on schedule. The role contains the given statements, its log group and its dead letters.
    If `alarm_topic_arn` is set, alarms fire on errors, on dead letters, and if the function does
    not start for two minutes.
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
            package_type="Image",
            image_uri=args.image,
            image_config={"commands": list(args.command)} if args.command else None,
            architectures=[args.architecture],
            timeout=args.timeout,
            memory_size=args.memory,
            reserved_concurrent_executions=1,
            environment={"variables": dict(args.environment)} if args.environment else None,
            kms_key_arn=args.kms_key_arn,
            vpc_config=None
            if args.subnet_ids is None
            else {"subnet_ids": args.subnet_ids, "security_group_ids": args.security_group_ids},
            opts=ResourceOptions.merge(child, ResourceOptions(depends_on=granted)),
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
        metric_alarm(f"{name}-not-started", starts(name, self.function.name, topic_arn), child)
        metric_alarm(
            f"{name}-dead-letters",
            dead_letters_not_empty(f"Function {name}", self.dead_letters.name, topic_arn),
            child,
        )


def function_role(
    name: str, args: ScheduledFunctionArgs, own: Sequence[Statement], child: ResourceOptions
) -> tuple[iam.Role, list[pulumi.Resource]]:
    """Return the role, and the permissions that must exist before the function starts."""
    role = iam.Role(
        name,
        description=f"Assumed by function {name}",
        assume_role_policy=policy_json([trust_service("lambda.amazonaws.com")]),
        opts=child,
    )
    granted: list[pulumi.Resource] = [
        iam.RolePolicy(
            name, role=role.name, policy=policy_json([*own, *args.statements]), opts=child
        )
    ]
    if args.subnet_ids is not None:
        # The actions on network interfaces cannot be restricted, so the role uses the policy of
        # AWS.
        granted.append(
            iam.RolePolicyAttachment(name, role=role.name, policy_arn=NETWORK_POLICY, opts=child)
        )
    return role, granted


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
        description=f"Assumed by the schedule of function {name}",
        assume_role_policy=policy_json([trust_service("scheduler.amazonaws.com", account)]),
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


def starts(name: str, function_name: Input[str], alarm_topic_arn: Input[str]) -> MetricAlarmArgs:
    """Return the alarm on starts; Lambda reports missing data, not 0, without invocations."""
    return MetricAlarmArgs(
        description=f"Function {name} was not started for two minutes",
        namespace="AWS/Lambda",
        metric="Invocations",
        dimensions={"FunctionName": function_name},
        statistic="Sum",
        comparison="LessThanThreshold",
        threshold=1,
        minutes=2,
        missing_data="breaching",
        topic_arn=alarm_topic_arn,
    )
