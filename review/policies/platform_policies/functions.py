"""Functions, schedules, logs and alarms."""

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
        yield "kmsKeyArn is missing beside environment"


def limited(function: Resource) -> Iterator[str]:
    if (limit := function.at("reservedConcurrentExecutions")) is None or limit < 0:
        yield "reservedConcurrentExecutions is missing"


def asks_who_calls(permission: Resource) -> Iterator[str]:
    principal = permission.at("principal")
    named = permission.has("sourceArn") or permission.has("sourceAccount")
    if principal == "*":
        yield "principal is *; name who may call the function"
    elif str(principal).endswith(".amazonaws.com") and not named:
        yield f"{principal} may call for any account; set sourceArn or sourceAccount"


def goes_to_someone(alarm: Resource) -> Iterator[str]:
    if not alarm.has("alarmActions") or alarm.at("actionsEnabled") is False:
        yield "alarmActions names nobody"


RULES = [
    Rule(
        name="function-has-dead-letters",
        reason="An event of a function that keeps failing must be seen, not dropped.",
        types=FUNCTION,
        check=is_set("deadLetterConfig.targetArn"),
    ),
    Rule(
        name="function-concurrency-limited",
        reason="A function without a limit can use up the account's, and the database's, for all.",
        types=FUNCTION,
        check=limited,
    ),
    Rule(
        name="function-environment-encrypted",
        reason="A function's environment holds its connection settings.",
        types=FUNCTION,
        check=environment_encrypted,
    ),
    Rule(
        name="function-log-group",
        reason="A log group that Lambda makes by itself keeps logs, and costs, for ever.",
        types=FUNCTION,
        check=is_set("loggingConfig.logGroup"),
    ),
    Rule(
        name="function-url-asks-for-identity",
        reason="A function's address is public; without IAM anyone may call it.",
        types=FUNCTION_URL,
        check=is_one_of("authorizationType", "AWS_IAM"),
    ),
    Rule(
        name="function-callers-named",
        reason="A permission for an AWS service without a source lets it call for any customer.",
        types=PERMISSION,
        check=asks_who_calls,
    ),
    Rule(
        name="schedule-has-dead-letters",
        reason="A start that failed must be seen; reminders are late from then on.",
        types=SCHEDULE,
        check=is_set("target.deadLetterConfig.arn"),
    ),
    Rule(
        name="logs-expire",
        reason="Logs can hold personal data, and cost for as long as they are kept.",
        types=LOG_GROUP,
        check=is_at_least("retentionInDays", 1, "days"),
    ),
    Rule(
        name="alarm-goes-to-someone",
        reason="An alarm that nobody hears is a chart.",
        types=ALARM,
        check=goes_to_someone,
    ),
]
