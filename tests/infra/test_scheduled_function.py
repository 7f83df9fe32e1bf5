import json

import pytest
from herald_infra.scheduled_function import ScheduledFunction, ScheduledFunctionArgs

NAME = "scheduler"
COMPONENT = "herald:infra:ScheduledFunction"
IMAGE = "registry/scheduler@sha256:0123"
ARN = "arn:aws:lambda:eu-central-1:123456789012:function:scheduler-1a2b3c4"
DEAD_ARN = "arn:aws:sqs:eu-central-1:123456789012:scheduler-dead-letters-1a2b3c4"
DEAD_URL = "https://sqs.eu-central-1.amazonaws.com/123456789012/scheduler-dead-letters-1a2b3c4"
PUBLISH = {"Effect": "Allow", "Action": ["sns:Publish"], "Resource": ["arn:topic"]}
WRITE_LOGS = {
    "Effect": "Allow",
    "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
    "Resource": ["arn:aws:logs:eu-central-1:123456789012:log-group:scheduler-1a2b3c4:*"],
}
SEND = {"Effect": "Allow", "Action": ["sqs:SendMessage"], "Resource": [DEAD_ARN]}


def function(**args):
    given = ScheduledFunctionArgs(image=IMAGE, statements=[PUBLISH], **args)
    return lambda: ScheduledFunction(NAME, given)


@pytest.fixture
def plain(deploy):
    return deploy(function(environment={"NOTIFICATION_TOPIC_ARN": "arn:topic"}))


@pytest.fixture
def full(deploy):
    return deploy(
        function(
            command=["scheduler.handler"],
            subnet_ids=["subnet-1"],
            security_group_ids=["sg-1"],
            kms_key_arn="arn:key",
            alarm_topic_arn="arn:alarms",
        )
    )


def document(resource, property_="policy"):
    body = json.loads(resource.inputs[property_])
    assert body["Version"] == "2012-10-17"
    return body["Statement"]


def test_component_creates_these_resources(plain):
    assert sorted((r.type, r.name) for r in plain.resources) == [
        ("aws:cloudwatch/logGroup:LogGroup", NAME),
        ("aws:iam/role:Role", NAME),
        ("aws:iam/role:Role", "scheduler-schedule"),
        ("aws:iam/rolePolicy:RolePolicy", NAME),
        ("aws:iam/rolePolicy:RolePolicy", "scheduler-schedule"),
        ("aws:lambda/function:Function", NAME),
        ("aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig", NAME),
        ("aws:scheduler/schedule:Schedule", NAME),
        ("aws:sqs/queue:Queue", "scheduler-dead-letters"),
        ("aws:sqs/queuePolicy:QueuePolicy", "scheduler-dead-letters"),
        (COMPONENT, NAME),
    ]
    assert {r.parent for r in plain.resources if r.type != COMPONENT} == {(COMPONENT, NAME)}
    assert plain.one(COMPONENT).outputs == {
        "name": "scheduler-1a2b3c4",
        "arn": ARN,
        "dead_letters_url": DEAD_URL,
        "log_group": "scheduler-1a2b3c4",
    }


def test_function_runs_at_most_once(plain):
    made = plain.one("aws:lambda/function:Function")
    assert made.inputs == {
        "packageType": "Image",
        "imageUri": IMAGE,
        "architectures": ["x86_64"],
        "role": "arn:aws:iam::123456789012:role/scheduler-1a2b3c4",
        "timeout": 55,
        "memorySize": 256,
        "reservedConcurrentExecutions": 1,
        "environment": {"variables": {"NOTIFICATION_TOPIC_ARN": "arn:topic"}},
        "loggingConfig": {"logFormat": "Text", "logGroup": "scheduler-1a2b3c4"},
        "deadLetterConfig": {"targetArn": DEAD_ARN},
    }
    assert ("aws:iam/rolePolicy:RolePolicy", NAME) in made.depends_on


def test_logs_are_kept_for_thirty_days(plain):
    assert plain.one("aws:cloudwatch/logGroup:LogGroup").inputs["retentionInDays"] == 30


def test_a_failed_start_is_not_repeated(plain):
    config = "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig"
    assert plain.one(config).inputs == {
        "functionName": "scheduler-1a2b3c4",
        "maximumEventAgeInSeconds": 60,
        "maximumRetryAttempts": 0,
    }


def test_schedule_waits_for_complete_role(plain):
    schedule = plain.one("aws:scheduler/schedule:Schedule")
    assert schedule.inputs == {
        "scheduleExpression": "rate(1 minute)",
        "flexibleTimeWindow": {"mode": "OFF"},
        "target": {
            "arn": ARN,
            "roleArn": "arn:aws:iam::123456789012:role/scheduler-schedule-1a2b3c4",
            "retryPolicy": {"maximumEventAgeInSeconds": 60, "maximumRetryAttempts": 0},
            "deadLetterConfig": {"arn": DEAD_ARN},
        },
    }
    assert ("aws:iam/rolePolicy:RolePolicy", "scheduler-schedule") in schedule.depends_on


def test_function_role_has_minimal_permissions(plain):
    role = plain.one("aws:iam/role:Role", NAME)
    assert document(role, "assumeRolePolicy") == [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ]
    policy = plain.one("aws:iam/rolePolicy:RolePolicy", NAME)
    assert policy.inputs["role"] == "scheduler-1a2b3c4"
    assert document(policy) == [WRITE_LOGS, SEND, PUBLISH]


def test_schedule_invokes_only_this_function(plain):
    role = plain.one("aws:iam/role:Role", "scheduler-schedule")
    assert document(role, "assumeRolePolicy") == [
        {
            "Effect": "Allow",
            "Principal": {"Service": "scheduler.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}},
        }
    ]
    policy = plain.one("aws:iam/rolePolicy:RolePolicy", "scheduler-schedule")
    assert policy.inputs["role"] == "scheduler-schedule-1a2b3c4"
    assert document(policy) == [
        {"Effect": "Allow", "Action": ["lambda:InvokeFunction"], "Resource": [ARN]},
        SEND,
    ]


def test_dead_letters_stay_two_weeks_encrypted(plain):
    assert plain.one("aws:sqs/queue:Queue").inputs == {
        "messageRetentionSeconds": 1209600,
        "sqsManagedSseEnabled": True,
    }
    policy = plain.one("aws:sqs/queuePolicy:QueuePolicy")
    assert policy.inputs["queueUrl"] == DEAD_URL
    assert document(policy) == [
        {
            "Sid": "DenyPlainTransport",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sqs:*",
            "Resource": DEAD_ARN,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    ]


def test_function_in_vpc_has_network_interfaces(full):
    made = full.one("aws:lambda/function:Function")
    assert made.inputs["vpcConfig"] == {"subnetIds": ["subnet-1"], "securityGroupIds": ["sg-1"]}
    attachment = full.one("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
    assert attachment.inputs == {
        "role": "scheduler-1a2b3c4",
        "policyArn": "arn:aws:iam::aws:policy/service-role/AWSLambdaENIManagementAccess",
    }
    assert (attachment.type, attachment.name) in made.depends_on


def test_key_and_command_are_passed_on(full):
    inputs = full.one("aws:lambda/function:Function").inputs
    assert inputs["kmsKeyArn"] == "arn:key"
    assert inputs["imageConfig"] == {"commands": ["scheduler.handler"]}
    assert full.one("aws:sqs/queue:Queue").inputs["kmsMasterKeyId"] == "arn:key"
    send = {
        "Effect": "Allow",
        "Action": ["sqs:SendMessage", "kms:Decrypt", "kms:GenerateDataKey"],
        "Resource": [DEAD_ARN, "arn:key"],
    }
    assert send in document(full.one("aws:iam/rolePolicy:RolePolicy", NAME))
    assert send in document(full.one("aws:iam/rolePolicy:RolePolicy", "scheduler-schedule"))


def test_failures_and_silence_raise_alarms(full):
    told = {
        alarm.name: (
            alarm.inputs["namespace"],
            alarm.inputs["metricName"],
            alarm.inputs["dimensions"],
            alarm.inputs["statistic"],
            alarm.inputs["threshold"],
            alarm.inputs["evaluationPeriods"],
            alarm.inputs["treatMissingData"],
            alarm.inputs["alarmActions"],
        )
        for alarm in full.all("aws:cloudwatch/metricAlarm:MetricAlarm")
    }
    assert told == {
        "scheduler-errors": (
            "AWS/Lambda",
            "Errors",
            {"FunctionName": "scheduler-1a2b3c4"},
            "Sum",
            0,
            2,
            "notBreaching",
            ["arn:alarms"],
        ),
        "scheduler-not-started": (
            "AWS/Lambda",
            "Invocations",
            {"FunctionName": "scheduler-1a2b3c4"},
            "Sum",
            1,
            2,
            "breaching",
            ["arn:alarms"],
        ),
        "scheduler-dead-letters": (
            "AWS/SQS",
            "ApproximateNumberOfMessagesVisible",
            {"QueueName": "scheduler-dead-letters-1a2b3c4"},
            "Maximum",
            0,
            1,
            "notBreaching",
            ["arn:alarms"],
        ),
    }
