"""Functions, schedules, logs and alarms."""

from tests.review.policies.breaches.breach import ABSENT, Breach

FUNCTION = "aws:lambda/function:Function"


FUNCTIONS = [
    Breach(
        "function-has-dead-letters",
        FUNCTION,
        {"deadLetterConfig": ABSENT},
        "deadLetterConfig.targetArn is missing",
    ),
    Breach(
        "function-concurrency-limited",
        FUNCTION,
        {"reservedConcurrentExecutions": -1},
        "reservedConcurrentExecutions is missing",
    ),
    Breach(
        "function-environment-encrypted",
        FUNCTION,
        {"kmsKeyArn": ABSENT},
        "kmsKeyArn is missing, but environment is set",
    ),
    Breach(
        "function-log-group",
        FUNCTION,
        {"loggingConfig": ABSENT},
        "loggingConfig.logGroup is missing",
    ),
    Breach(
        "function-url-asks-for-identity",
        "aws:lambda/functionUrl:FunctionUrl",
        {"authorizationType": "NONE"},
        "authorizationType is NONE; expected AWS_IAM",
    ),
    Breach(
        "function-callers-named",
        "aws:lambda/permission:Permission",
        {"sourceArn": ABSENT},
        "events.amazonaws.com may call on behalf of any account; set sourceArn or sourceAccount",
    ),
    Breach(
        "function-callers-named",
        "aws:lambda/permission:Permission",
        {"principal": "*"},
        "principal is *; name the callers of the function",
    ),
    Breach(
        "schedule-has-dead-letters",
        "aws:scheduler/schedule:Schedule",
        {"target.deadLetterConfig": ABSENT},
        "target.deadLetterConfig.arn is missing",
    ),
    Breach(
        "logs-expire",
        "aws:cloudwatch/logGroup:LogGroup",
        {"retentionInDays": 0},
        "retentionInDays is 0 days; expected at least 1 days",
    ),
    Breach(
        "alarm-goes-to-someone",
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        {"alarmActions": []},
        "alarmActions is empty",
    ),
]
