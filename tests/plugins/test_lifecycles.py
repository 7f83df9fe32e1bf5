"""Every type against the emulator: create, no change, update, replace, drift, delete."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.plugins.served import SERVED

pytestmark = pytest.mark.integration

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": ["lambda.amazonaws.com"]},
            "Action": "sts:AssumeRole",
        }
    ],
}
OTHER_TRUST = json.dumps(TRUST).replace("lambda", "scheduler")
QUEUE, TOPIC = "aws:sqs/queue:Queue", "aws:sns/topic:Topic"
ROLE, KEY = "aws:iam/role:Role", "aws:kms/key:Key"

# They exist as long as their topic or identity.
PARTS = {
    "aws:sns/topicPolicy:TopicPolicy",
    "aws:sesv2/emailIdentityFeedbackAttributes:EmailIdentityFeedbackAttributes",
}

Inputs = dict[str, Any]


def no_inputs(aws: Any) -> Inputs:
    return {}


@dataclass(frozen=True)
class Life:
    """What happens to a resource, as differences from the inputs that it is created with."""

    token: str
    inputs: Inputs
    identity: Callable[[Any], str]  # the id that the made resource must have
    updated: Inputs | None  # None when each change replaces
    replaced: Inputs
    outside: Callable[[Any, Any], Any]  # what somebody else does to it
    drifts: str  # the property that shows it, "" when it then is gone
    given: Callable[[Any], Inputs] = no_inputs  # inputs that are made of other resources
    reworded: Inputs | None = None  # the same in other words

    def __str__(self) -> str:
        return self.token.rsplit(":", 1)[1]


def queue(aws: Any) -> Any:
    return aws.create(QUEUE, "life-base")


def allow_send(arn: str, *actions: str) -> str:
    statement = {"Effect": "Allow", "Principal": "*", "Action": [*actions], "Resource": arn}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def queue_policy(aws: Any) -> Inputs:
    made = queue(aws)
    return {"queueUrl": made.id, "policy": allow_send(made.state["arn"], "sqs:SendMessage")}


def redrive_allow_policy(aws: Any) -> Inputs:
    return {"queueUrl": queue(aws).id}


def topic_policy(aws: Any) -> Inputs:
    made = aws.create(TOPIC, "life-base")
    return {"arn": made.id, "policy": allow_send(made.id, "sns:Publish")}


def subscription(aws: Any) -> Inputs:
    topic = aws.create(TOPIC, "life-base")
    return {"topic": topic.id, "endpoint": queue(aws).state["arn"]}


def role_name(aws: Any) -> Inputs:
    return {"role": aws.create(ROLE, "life-base", assumeRolePolicy=json.dumps(TRUST)).id}


def role_and_policy(aws: Any) -> Inputs:
    document = allow_send("*", "sns:Publish")
    told = aws.call("iam", "create_policy", PolicyName="life-base", PolicyDocument=document)
    return {**role_name(aws), "policyArn": told["Policy"]["Arn"]}


def key_id(aws: Any) -> Inputs:
    return {"targetKeyId": aws.create(KEY, "life-base").id}


def configuration_set(aws: Any) -> Inputs:
    made = aws.create("aws:ses/configurationSet:ConfigurationSet", "life-base")
    policy = aws.create("aws:sns/topicPolicy:TopicPolicy", "life-base", **topic_policy(aws))
    return {"configurationSetName": made.id, "snsDestination": {"topicArn": policy.id}}


def email_identity(aws: Any) -> Inputs:
    made = aws.create("aws:ses/emailIdentity:EmailIdentity", "life-base", email="base@example.org")
    return {"emailIdentity": made.id}


def mail_from_identity(aws: Any) -> Inputs:
    kind = "aws:ses/domainIdentity:DomainIdentity"
    aws.create(kind, "life-parent", domain="example.org")
    made = aws.create(kind, "life-base", domain="base.example.org")
    return {"domain": made.id}


def own_id(name: str) -> Callable[[Any], str]:
    return lambda made: str(made.state[name])


CORE = [
    Life(
        TOPIC,
        {"displayName": "Events", "tags": {"team": "a"}},
        own_id("arn"),
        {"displayName": "All events", "tags": {"owner": "b"}},
        {"name": "life-other-topic"},
        lambda client, made: client("sns").set_topic_attributes(
            TopicArn=made.id, AttributeName="DisplayName", AttributeValue="changed"
        ),
        "displayName",
    ),
    Life(
        "aws:sns/topicPolicy:TopicPolicy",
        {},
        own_id("arn"),
        {"policy": allow_send("arn:aws:sns:eu-central-1:123456789012:x", "sns:Subscribe")},
        {"arn": "arn:aws:sns:eu-central-1:123456789012:another"},
        lambda client, made: client("sns").set_topic_attributes(
            TopicArn=made.id,
            AttributeName="Policy",
            AttributeValue=allow_send(made.id, "sns:GetTopicAttributes"),
        ),
        "policy",
        topic_policy,
    ),
    Life(
        "aws:sns/topicSubscription:TopicSubscription",
        {
            "protocol": "sqs",
            "rawMessageDelivery": True,
            "filterPolicy": '{"eventType": ["a", "b"]}',
            "filterPolicyScope": "MessageAttributes",
        },
        own_id("arn"),
        {"rawMessageDelivery": False, "filterPolicy": '{"eventType": ["c"]}'},
        {"endpoint": "arn:aws:sqs:eu-central-1:123456789012:another"},
        lambda client, made: client("sns").set_subscription_attributes(
            SubscriptionArn=made.id, AttributeName="FilterPolicy", AttributeValue='{"x": ["z"]}'
        ),
        "filterPolicy",
        subscription,
        {"filterPolicy": '{ "eventType":["b","a"] }'},
    ),
    Life(
        QUEUE,
        {"visibilityTimeoutSeconds": 60, "sqsManagedSseEnabled": True, "tags": {"team": "a"}},
        own_id("url"),
        {"visibilityTimeoutSeconds": 90, "receiveWaitTimeSeconds": 20, "tags": {}},
        {"name": "life-other-queue"},
        lambda client, made: client("sqs").set_queue_attributes(
            QueueUrl=made.id, Attributes={"VisibilityTimeout": "7"}
        ),
        "visibilityTimeoutSeconds",
    ),
    Life(
        "aws:sqs/queuePolicy:QueuePolicy",
        {},
        own_id("queueUrl"),
        {"policy": allow_send("arn:aws:sqs:eu-central-1:123456789012:x", "sqs:DeleteMessage")},
        {"queueUrl": "http://127.0.0.1/another"},
        lambda client, made: client("sqs").set_queue_attributes(
            QueueUrl=made.id, Attributes={"Policy": ""}
        ),
        "",
        queue_policy,
    ),
    Life(
        "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy",
        {"redriveAllowPolicy": '{"redrivePermission": "denyAll"}'},
        own_id("queueUrl"),
        {"redriveAllowPolicy": '{"redrivePermission": "allowAll"}'},
        {"queueUrl": "http://127.0.0.1/another"},
        lambda client, made: client("sqs").delete_queue(QueueUrl=made.id),
        "",
        redrive_allow_policy,
        {"redriveAllowPolicy": '{"redrivePermission":"denyAll"}'},
    ),
    Life(
        "aws:dynamodb/table:Table",
        {
            "attributes": [{"name": "userId", "type": "S"}, {"name": "id", "type": "S"}],
            "hashKey": "userId",
            "rangeKey": "id",
            "billingMode": "PAY_PER_REQUEST",
            "ttl": {"attributeName": "expiresAt", "enabled": True},
            "pointInTimeRecovery": {"enabled": True},
            "serverSideEncryption": {"enabled": True},
            "deletionProtectionEnabled": False,
            "tags": {"team": "a"},
        },
        own_id("name"),
        {"pointInTimeRecovery": {"enabled": False}, "tags": {"team": "b"}},
        {"rangeKey": "other", "attributes": [{"name": "userId", "type": "S"}]},
        lambda client, made: client("dynamodb").update_table(
            TableName=made.id, DeletionProtectionEnabled=True
        ),
        "deletionProtectionEnabled",
        no_inputs,
        {"attributes": [{"name": "id", "type": "S"}, {"name": "userId", "type": "S"}]},
    ),
    Life(
        "aws:ses/template:Template",
        {"subject": "Reminder", "html": "<p>{{message}}</p>", "text": "{{message}}"},
        own_id("name"),
        {"subject": "Your reminder", "text": "{{message}} {{url}}"},
        {"name": "life-other-template"},
        lambda client, made: client("ses").update_template(
            Template={
                "TemplateName": made.id,
                "SubjectPart": "changed",
                "HtmlPart": made.state["html"],
                "TextPart": made.state["text"],
            }
        ),
        "subject",
    ),
    Life(
        "aws:ses/emailIdentity:EmailIdentity",
        {"email": "life@example.org"},
        own_id("email"),
        None,
        {"email": "other@example.org"},
        lambda client, made: client("ses").delete_identity(Identity=made.id),
        "",
    ),
    Life(
        "aws:sesv2/emailIdentityFeedbackAttributes:EmailIdentityFeedbackAttributes",
        {"emailForwardingEnabled": False},
        own_id("emailIdentity"),
        {"emailForwardingEnabled": True},
        {"emailIdentity": "other@example.org"},
        lambda client, made: client("sesv2").put_email_identity_feedback_attributes(
            EmailIdentity=made.id, EmailForwardingEnabled=False
        ),
        "emailForwardingEnabled",
        email_identity,
    ),
    Life(
        "aws:ses/domainIdentity:DomainIdentity",
        {"domain": "life.example.org"},
        own_id("domain"),
        None,
        {"domain": "other.example.org"},
        lambda client, made: client("ses").delete_identity(Identity=made.id),
        "",
    ),
    Life(
        "aws:ses/domainDkim:DomainDkim",
        {"domain": "dkim.example.org"},
        own_id("domain"),
        None,
        {"domain": "other.example.org"},
        lambda client, made: client("ses").delete_identity(Identity=made.id),
        "",
    ),
    Life(
        "aws:ses/mailFrom:MailFrom",
        {"mailFromDomain": "bounces.base.example.org"},
        own_id("domain"),
        {"mailFromDomain": "mail.base.example.org"},
        {"domain": "example.org"},
        lambda client, made: client("ses").set_identity_mail_from_domain(
            Identity=made.id,
            MailFromDomain="elsewhere.base.example.org",
            BehaviorOnMXFailure="UseDefaultValue",  # AWS's default, which moto does not set
        ),
        "mailFromDomain",
        mail_from_identity,
    ),
    Life(
        "aws:ses/configurationSet:ConfigurationSet",
        {"deliveryOptions": {"tlsPolicy": "Require"}, "reputationMetricsEnabled": True},
        own_id("name"),
        {"reputationMetricsEnabled": False},
        {"name": "life-other-set"},
        lambda client, made: client("ses").update_configuration_set_reputation_metrics_enabled(
            ConfigurationSetName=made.id, Enabled=True
        ),
        "reputationMetricsEnabled",
    ),
    Life(
        "aws:ses/eventDestination:EventDestination",
        {"enabled": True, "matchingTypes": ["bounce", "complaint"]},
        own_id("name"),
        None,
        {"matchingTypes": ["bounce"]},
        lambda client, made: client("ses").delete_configuration_set(
            ConfigurationSetName=made.state["configurationSetName"]
        ),
        "",
        configuration_set,
        {"matchingTypes": ["complaint", "bounce"]},
    ),
    Life(
        ROLE,
        {"assumeRolePolicy": json.dumps(TRUST), "description": "a role", "tags": {"team": "a"}},
        own_id("name"),
        {"assumeRolePolicy": OTHER_TRUST, "description": "another", "maxSessionDuration": 7200},
        {"path": "/herald/"},
        lambda client, made: client("iam").update_role(
            RoleName=made.id, Description="changed", MaxSessionDuration=7200
        ),
        "description",
        no_inputs,
        {"assumeRolePolicy": json.dumps(TRUST, indent=2, sort_keys=True)},
    ),
    Life(
        "aws:iam/rolePolicy:RolePolicy",
        {"policy": allow_send("arn:aws:sns:eu-central-1:123456789012:x", "sns:Publish")},
        lambda made: f"{made.state['role']}:{made.state['name']}",
        {"policy": allow_send("arn:aws:sns:eu-central-1:123456789012:y", "sns:Publish")},
        {"name": "life-other-policy"},
        lambda client, made: client("iam").put_role_policy(
            RoleName=made.state["role"],
            PolicyName=made.state["name"],
            PolicyDocument=allow_send("*", "sns:*"),
        ),
        "policy",
        role_name,
    ),
    Life(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        {},
        lambda made: f"{made.state['role']}/{made.state['policyArn']}",
        None,
        {"policyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"},
        lambda client, made: client("iam").detach_role_policy(
            RoleName=made.state["role"], PolicyArn=made.state["policyArn"]
        ),
        "",
        role_and_policy,
    ),
    Life(
        KEY,
        {"description": "events", "enableKeyRotation": True, "tags": {"team": "a"}},
        own_id("keyId"),
        {"description": "all events", "enableKeyRotation": False, "tags": {"team": "b"}},
        {"keyUsage": "SIGN_VERIFY", "customerMasterKeySpec": "RSA_2048"},
        lambda client, made: client("kms").disable_key(KeyId=made.id),
        "isEnabled",
    ),
    Life(
        "aws:kms/alias:Alias",
        {},
        own_id("name"),
        None,
        {"name": "alias/life-other"},
        lambda client, made: client("kms").delete_alias(AliasName=made.id),
        "",
        key_id,
    ),
    Life(
        "aws:cloudwatch/logGroup:LogGroup",
        {"retentionInDays": 30, "tags": {"team": "a"}},
        own_id("name"),
        {"retentionInDays": 7, "tags": {"team": "b"}},
        {"name": "/life/other"},
        lambda client, made: client("logs").delete_retention_policy(logGroupName=made.id),
        "retentionInDays",
    ),
    Life(
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        {
            "alarmDescription": "dead letters",
            "namespace": "AWS/SQS",
            "metricName": "ApproximateNumberOfMessagesVisible",
            "dimensions": {"QueueName": "q"},
            "statistic": "Maximum",
            "comparisonOperator": "GreaterThanThreshold",
            "threshold": 0,
            "period": 60,
            "evaluationPeriods": 1,
            "treatMissingData": "notBreaching",
            "alarmActions": ["arn:aws:sns:eu-central-1:123456789012:alarms"],
        },
        own_id("name"),
        {"threshold": 2.5, "evaluationPeriods": 3, "dimensions": {"QueueName": "r"}},
        {"name": "life-other-alarm"},
        lambda client, made: client("cloudwatch").disable_alarm_actions(AlarmNames=[made.id]),
        "actionsEnabled",
    ),
    Life(
        "aws:cloudwatch/dashboard:Dashboard",
        {"dashboardName": "life", "dashboardBody": '{"widgets": [{"type": "text"}]}'},
        own_id("dashboardName"),
        {"dashboardBody": '{"widgets": []}'},
        {"dashboardName": "life-other"},
        lambda client, made: client("cloudwatch").put_dashboard(
            DashboardName=made.id, DashboardBody='{"widgets": [1]}'
        ),
        "dashboardBody",
        no_inputs,
        {"dashboardBody": '{"widgets":[{"type":"text"}]}'},
    ),
]


IMAGE = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/scheduler@sha256:"


def subnets(aws: Any) -> Inputs:
    told = aws.call("ec2", "describe_subnets")["Subnets"]
    return {"subnetIds": [each["SubnetId"] for each in told][:2]}


def role_arn(aws: Any) -> Inputs:
    return {"role": aws.create(ROLE, "life-base", assumeRolePolicy=json.dumps(TRUST)).state["arn"]}


def function_name(aws: Any) -> Inputs:
    made = aws.create(
        "aws:lambda/function:Function",
        "life-base",
        packageType="Image",
        imageUri=f"{IMAGE}{'a' * 64}",
        **role_arn(aws),
    )
    return {"functionName": made.id}


def schedule_target(aws: Any) -> Inputs:
    arn = "arn:aws:lambda:eu-central-1:123456789012:function:scheduler"
    retries = {"maximumEventAgeInSeconds": 60, "maximumRetryAttempts": 0}
    role = role_arn(aws)["role"]
    return {"target": {"arn": arn, "roleArn": role, "retryPolicy": retries}}


def repository(aws: Any) -> Inputs:
    return {"repository": aws.create("aws:ecr/repository:Repository", "life-base").id}


def keep(count: int) -> str:
    selection = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": count}
    rule = {"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}
    return json.dumps({"rules": [rule]})


def https_from(*blocks: str) -> Inputs:
    return {"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": [*blocks]}


REST = [
    Life(
        "aws:lambda/function:Function",
        {
            "packageType": "Image",
            "imageUri": f"{IMAGE}{'a' * 64}",
            "architectures": ["x86_64"],
            "timeout": 55,
            "memorySize": 256,
            "reservedConcurrentExecutions": 1,
            "imageConfig": {"commands": ["handler"]},
            "environment": {"variables": {"LOG_LEVEL": "INFO"}},
            "loggingConfig": {"logFormat": "Text", "logGroup": "/life"},
        },
        own_id("name"),
        {
            "imageUri": f"{IMAGE}{'b' * 64}",
            "timeout": 50,
            "environment": {"variables": {"LOG_LEVEL": "DEBUG"}},
        },
        {"name": "life-other-function"},
        lambda client, made: client("lambda").put_function_concurrency(
            FunctionName=made.id, ReservedConcurrentExecutions=5
        ),
        "reservedConcurrentExecutions",
        role_arn,
    ),
    Life(
        "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
        {"maximumEventAgeInSeconds": 60, "maximumRetryAttempts": 0},
        own_id("functionName"),
        {"maximumEventAgeInSeconds": 90, "maximumRetryAttempts": 1},
        {"functionName": "another"},
        lambda client, made: client("lambda").delete_function_event_invoke_config(
            FunctionName=made.id
        ),
        "",
        function_name,
    ),
    Life(
        "aws:scheduler/schedule:Schedule",
        {"scheduleExpression": "rate(1 minute)", "flexibleTimeWindow": {"mode": "OFF"}},
        lambda made: f"default/{made.state['name']}",
        {"scheduleExpression": "rate(2 minutes)", "description": "often"},
        {"name": "life-other-schedule"},
        lambda client, made: client("scheduler").delete_schedule(Name=made.state["name"]),
        "",
        schedule_target,
    ),
    Life(
        "aws:rds/instance:Instance",
        {
            "engine": "postgres",
            "engineVersion": "17",
            "instanceClass": "db.t4g.micro",
            "allocatedStorage": 20,
            "storageType": "gp3",
            "storageEncrypted": True,
            "username": "postgres",
            "password": "not-a-real-one",
            "backupRetentionPeriod": 14,
            "skipFinalSnapshot": True,
            "tags": {"team": "a"},
        },
        own_id("resourceId"),
        {
            "allocatedStorage": 30,
            "applyImmediately": True,  # or the storage waits for the maintenance window
            "backupRetentionPeriod": 7,
            "tags": {"team": "b"},
        },
        {"username": "admin"},
        lambda client, made: client("rds").modify_db_instance(
            DBInstanceIdentifier=made.state["identifier"], DeletionProtection=True
        ),
        "deletionProtection",
    ),
    Life(
        "aws:rds/parameterGroup:ParameterGroup",
        {"family": "postgres17", "parameters": [{"name": "rds.force_ssl", "value": "1"}]},
        own_id("name"),
        {
            "parameters": [
                {"applyMethod": "immediate", "name": "rds.force_ssl", "value": "1"},
                {"applyMethod": "immediate", "name": "log_connections", "value": "1"},
            ]
        },
        {"family": "postgres16"},
        lambda client, made: client("rds").modify_db_parameter_group(
            DBParameterGroupName=made.id,
            Parameters=[
                {
                    "ParameterName": "rds.force_ssl",
                    "ParameterValue": "0",
                    "ApplyMethod": "immediate",
                }
            ],
        ),
        "parameters",
    ),
    Life(
        "aws:rds/subnetGroup:SubnetGroup",
        {"tags": {"team": "a"}},
        own_id("name"),
        {"description": "private subnets", "tags": {"team": "b"}},
        {"name": "life-other-group"},
        lambda client, made: client("rds").delete_db_subnet_group(DBSubnetGroupName=made.id),
        "",
        subnets,
    ),
    Life(
        "aws:ec2/securityGroup:SecurityGroup",
        {
            "ingress": [https_from("10.0.0.0/16", "10.1.0.0/16")],
            "egress": [{**https_from("10.2.0.0/16"), "description": "out"}],
            "tags": {"team": "a"},
        },
        lambda made: made.state["arn"].rpartition("/")[2],
        {"ingress": [{**https_from("10.3.0.0/16"), "self": True}], "tags": {"team": "b"}},
        {"description": "another"},
        lambda client, made: client("ec2").authorize_security_group_egress(
            GroupId=made.id,
            IpPermissions=[{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}],
        ),
        "egress",
        no_inputs,
        {"ingress": [https_from("10.1.0.0/16", "10.0.0.0/16")]},
    ),
    Life(
        "aws:ecr/repository:Repository",
        {"imageScanningConfiguration": {"scanOnPush": True}, "tags": {"team": "a"}},
        own_id("name"),
        {"imageTagMutability": "IMMUTABLE", "tags": {"team": "b"}},
        {"name": "life-other-repository"},
        lambda client, made: client("ecr").put_image_scanning_configuration(
            repositoryName=made.id, imageScanningConfiguration={"scanOnPush": False}
        ),
        "imageScanningConfiguration",
    ),
    Life(
        "aws:ecr/lifecyclePolicy:LifecyclePolicy",
        {"policy": keep(10)},
        own_id("repository"),
        None,
        {"policy": keep(5)},
        lambda client, made: client("ecr").delete_lifecycle_policy(repositoryName=made.id),
        "",
        repository,
        {"policy": json.dumps(json.loads(keep(10)), indent=2)},
    ),
]


def test_every_served_type_has_a_life() -> None:
    assert {life.token for life in [*CORE, *REST]} == {*SERVED}


@pytest.mark.parametrize("life", [*CORE, *REST], ids=str)
def test_resource_lifecycle_matches_the_official_plugin(
    life: Life, aws: Any, client: Callable[[str], Any]
) -> None:
    inputs = {**life.given(aws), **life.inputs}
    made = aws.create(life.token, "life", **inputs)
    assert made.id == life.identity(made)
    assert_no_change(aws, made, {**inputs, **(life.reworded or {})})
    assert aws.refresh(made).state == made.state

    if life.updated is not None:
        made, inputs = updated(aws, life, made, {**inputs, **life.updated})
    replacement = aws.diff(made, **{**inputs, **life.replaced})
    assert {*replacement.replaces} & {*life.replaced}

    imported = aws.import_by_id(life.token, "life", import_id(life, made))
    assert imported is not None
    assert {*imported.state} >= {*made.state} - aws.package.resource_type(life.token).unreadable

    life.outside(client, made)
    drifted = aws.refresh(made)
    if life.drifts:
        assert [*aws.diff(drifted, **inputs).diffs] == [life.drifts]
        repaired = aws.update(drifted, **inputs)
        assert_no_change(aws, repaired, inputs)
        aws.delete(repaired)
        drifted = aws.refresh(repaired)
    if life.token not in PARTS:
        assert drifted is None
    aws.delete(made)


def updated(aws: Any, life: Life, made: Any, inputs: Inputs) -> tuple[Any, Inputs]:
    changes = aws.diff(made, **inputs)
    assert life.updated is not None
    assert {*changes.diffs} == {*life.updated}
    assert [*changes.replaces] == []
    after = aws.update(made, **inputs)
    assert {name: after.state.get(name, {}) for name in life.updated} == life.updated
    assert after.id == made.id
    assert_no_change(aws, after, inputs)
    assert aws.refresh(after).state == after.state
    return after, inputs


def assert_no_change(aws: Any, made: Any, inputs: Inputs) -> None:
    changes = aws.diff(made, **inputs)
    assert dict(changes.detailedDiff) == {}
    assert changes.changes == changes.DIFF_NONE


def import_id(life: Life, made: Any) -> str:
    if "eventDestination" in life.token:
        return f"{made.state['configurationSetName']}/{made.id}"
    if "rds/instance" in life.token:
        return str(made.state["identifier"])
    return str(made.id)
