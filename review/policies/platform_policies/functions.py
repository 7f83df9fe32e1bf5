"""Defines rules for functions, schedules, logs and alarms."""

from collections.abc import Iterator

from platform_policies.resource import Resource
from platform_policies.rule import Rule, is_at_least, is_one_of, is_set

FUNCTION = ("aws:lambda/function:Function",)
FUNCTION_URL = ("aws:lambda/functionUrl:FunctionUrl",)
PERMISSION = ("aws:lambda/permission:Permission",)
SCHEDULE = ("aws:scheduler/schedule:Schedule",)
LOG_GROUP = ("aws:cloudwatch/logGroup:LogGroup",)
ALARM = ("aws:cloudwatch/metricAlarm:MetricAlarm",)


def environment_encrypted(function: Resource) -> Iterator[str]:
    if function.has("environment") and not function.has("kmsKeyArn"):
        yield "kmsKeyArn is missing, but environment is set"


def limited(function: Resource) -> Iterator[str]:
    if (limit := function.at("reservedConcurrentExecutions")) is None or limit < 0:
        yield "reservedConcurrentExecutions is missing"


def asks_who_calls(permission: Resource) -> Iterator[str]:
    principal = permission.at("principal")
    named = permission.has("sourceArn") or permission.has("sourceAccount")
    if principal == "*":
        yield "principal is *; name the callers of the function"
    elif str(principal).endswith(".amazonaws.com") and not named:
        yield f"{principal} may call on behalf of any account; set sourceArn or sourceAccount"


def goes_to_someone(alarm: Resource) -> Iterator[str]:
    if not alarm.has("alarmActions") or alarm.at("actionsEnabled") is False:
        yield "alarmActions is empty"


RULES = [
    Rule(
        name="function-has-dead-letters",
        reason="Events that fail repeatedly must be visible, not dropped.",
        types=FUNCTION,
        check=is_set("deadLetterConfig.targetArn"),
    ),
    Rule(
        name="function-concurrency-limited",
        reason="A function without a limit can exhaust the limits of the account and the database.",
        types=FUNCTION,
        check=limited,
    ),
    Rule(
        name="function-environment-encrypted",
        reason="The environment of a function contains its connection settings.",
        types=FUNCTION,
        check=environment_encrypted,
    ),
    Rule(
        name="function-log-group",
        reason="A log group that Lambda creates has no retention, so its costs grow.",
        types=FUNCTION,
        check=is_set("loggingConfig.logGroup"),
    ),
    Rule(
        name="function-url-asks-for-identity",
        reason="The URL of a function is public; without IAM, everyone may call it.",
        types=FUNCTION_URL,
        check=is_one_of("authorizationType", "AWS_IAM"),
    ),
    Rule(
        name="function-callers-named",
        reason="Without a source, an AWS service may call the function for any customer.",
        types=PERMISSION,
        check=asks_who_calls,
    ),
    Rule(
        name="schedule-has-dead-letters",
        reason="A failed start must be visible, because reminders are late afterwards.",
        types=SCHEDULE,
        check=is_set("target.deadLetterConfig.arn"),
    ),
    Rule(
        name="logs-expire",
        reason="Logs can contain personal data, and their storage costs money.",
        types=LOG_GROUP,
        check=is_at_least("retentionInDays", 1, "days"),
    ),
    Rule(
        name="alarm-goes-to-someone",
        reason="An alarm without actions notifies nobody.",
        types=ALARM,
        check=goes_to_someone,
    ),
]
