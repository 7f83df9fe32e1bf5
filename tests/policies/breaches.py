"""For each rule, the smallest changes of a sound resource that break it, and what is then said."""

from dataclasses import dataclass
from typing import Any

from tests.policies.sound_resources import CONTAINER, READ, SERVICE, admit, deny_plain, document

ABSENT = object()
TOPIC = "aws:sns/topic:Topic"
TOPIC_POLICY = "aws:sns/topicPolicy:TopicPolicy"
SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"
QUEUE = "aws:sqs/queue:Queue"
QUEUE_POLICY = "aws:sqs/queuePolicy:QueuePolicy"
TABLE = "aws:dynamodb/table:Table"
SERVER = "aws:rds/instance:Instance"
KEY = "aws:kms/key:Key"
REPOSITORY = "aws:ecr/repository:Repository"
FUNCTION = "aws:lambda/function:Function"
ROLE = "aws:iam/role:Role"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
ANYONE = "statement Admit admits everyone; name a principal, or an account or ARN"
ANY_ACCOUNT = "statement Admit admits sns.amazonaws.com for any account; add aws:SourceAccount"
NOT_DENIED = 'no statement denies everyone when aws:SecureTransport is "false"'
OPEN_SERVICE = admit({"Service": "sns.amazonaws.com"})


@dataclass(frozen=True)
class Breach:
    rule: str
    type: str
    change: dict[str, Any]  # dotted path -> value
    said: str
    name: str = "event"


def of_pod(rule: str, change: dict[str, Any], said: str, kind: str = DEPLOYMENT) -> Breach:
    return Breach(rule, kind, {f"spec.template.spec.{k}": v for k, v in change.items()}, said)


def of_container(rule: str, change: dict[str, Any], said: str) -> Breach:
    paths = {f"containers.0.{key}": value for key, value in change.items()}
    return of_pod(rule, paths, f"container service: {said}")


MESSAGING = [
    Breach("topic-encrypted", TOPIC, {"kmsMasterKeyId": ABSENT}, "kmsMasterKeyId is missing"),
    Breach(
        "topic-not-public",
        TOPIC_POLICY,
        {"policy": document(admit("*"), deny_plain("sns:Publish"))},
        ANYONE,
    ),
    Breach(
        "topic-not-public",
        TOPIC_POLICY,
        {
            "policy": document(
                admit({"AWS": ["*"]}, Condition={"Bool": {"aws:SecureTransport": "true"}})
            )
        },
        ANYONE,
    ),
    Breach(
        "topic-services-of-this-account",
        TOPIC_POLICY,
        {"policy": document(OPEN_SERVICE)},
        ANY_ACCOUNT,
    ),
    Breach("topic-tls-only", TOPIC_POLICY, {"policy": document(SERVICE)}, NOT_DENIED),
    Breach(
        "subscription-tls-only",
        SUBSCRIPTION,
        {"protocol": "http"},
        "protocol is http; expected https, sqs, lambda or email",
    ),
    Breach(
        "subscription-has-dead-letters",
        SUBSCRIPTION,
        {"redrivePolicy": ABSENT},
        "redrivePolicy is missing for protocol sqs",
    ),
    Breach(
        "queue-encrypted",
        QUEUE,
        {"kmsMasterKeyId": ABSENT},
        "kmsMasterKeyId is missing and sqsManagedSseEnabled is not true",
    ),
    Breach(
        "queue-has-dead-letters",
        QUEUE,
        {"redrivePolicy": ABSENT},
        "redrivePolicy is missing; give it a queue that ends in -dead-letters",
    ),
    Breach(
        "dead-letters-kept-longest",
        QUEUE,
        {"messageRetentionSeconds": 345600},
        "messageRetentionSeconds is 345600; expected 1209600, the 14 days SQS allows",
        name="event-dead-letters",
    ),
    Breach(
        "dead-letters-by-queue",
        "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy",
        {"redriveAllowPolicy": '{"redrivePermission": "allowAll"}'},
        'redriveAllowPolicy is {"redrivePermission": "allowAll"}; '
        "expected redrivePermission byQueue",
    ),
    Breach("queue-not-public", QUEUE_POLICY, {"policy": document(admit("*"))}, ANYONE),
    Breach(
        "queue-services-of-this-account",
        QUEUE_POLICY,
        {"policy": document(OPEN_SERVICE)},
        ANY_ACCOUNT,
    ),
    Breach("queue-tls-only", QUEUE_POLICY, {"policy": document(SERVICE)}, NOT_DENIED),
]
STORAGE = [
    Breach(
        "table-encrypted-by-own-key",
        TABLE,
        {"serverSideEncryption": ABSENT},
        "serverSideEncryption.enabled is not true",
    ),
    Breach(
        "table-encrypted-by-own-key",
        TABLE,
        {"serverSideEncryption.kmsKeyArn": ABSENT},
        "serverSideEncryption.kmsKeyArn is missing",
    ),
    Breach(
        "table-restorable",
        TABLE,
        {"pointInTimeRecovery.enabled": False},
        "pointInTimeRecovery.enabled is false; expected true",
    ),
    Breach(
        "table-deletion-protected",
        TABLE,
        {"deletionProtectionEnabled": ABSENT},
        "deletionProtectionEnabled is missing; expected true",
    ),
    Breach(
        "database-encrypted",
        SERVER,
        {"storageEncrypted": False},
        "storageEncrypted is false; expected true",
    ),
    Breach(
        "database-private",
        SERVER,
        {"publiclyAccessible": True},
        "publiclyAccessible is true; expected false",
    ),
    Breach(
        "database-tls-only",
        "aws:rds/parameterGroup:ParameterGroup",
        {"parameters": [{"name": "rds.force_ssl", "value": "0"}]},
        "rds.force_ssl is 0; expected 1",
    ),
    Breach(
        "database-backed-up",
        SERVER,
        {"backupRetentionPeriod": 1},
        "backupRetentionPeriod is 1 days; expected at least 7 days",
    ),
    Breach(
        "database-last-snapshot",
        SERVER,
        {"skipFinalSnapshot": True},
        "no last snapshot is taken; set finalSnapshotIdentifier, not skipFinalSnapshot",
    ),
    Breach(
        "database-deletion-protected",
        SERVER,
        {"deletionProtection": False},
        "deletionProtection is false; expected true",
    ),
    Breach("database-in-two-zones", SERVER, {"multiAz": False}, "multiAz is false; expected true"),
    Breach(
        "database-patched",
        SERVER,
        {"autoMinorVersionUpgrade": False},
        "autoMinorVersionUpgrade is false; expected true",
    ),
    Breach(
        "database-logs-exported",
        SERVER,
        {"enabledCloudwatchLogsExports": ["upgrade"]},
        "enabledCloudwatchLogsExports lacks postgresql",
    ),
    Breach(
        "database-insights",
        SERVER,
        {"performanceInsightsEnabled": ABSENT},
        "performanceInsightsEnabled is missing; expected true",
    ),
    Breach(
        "database-tags-on-snapshots",
        SERVER,
        {"copyTagsToSnapshot": ABSENT},
        "copyTagsToSnapshot is missing; expected true",
    ),
    Breach(
        "database-subnets-in-two-zones",
        "aws:rds/subnetGroup:SubnetGroup",
        {"subnetIds": ["subnet-a"]},
        "subnetIds has 1; expected at least 2",
    ),
    Breach("key-rotates", KEY, {"enableKeyRotation": ABSENT}, "enableKeyRotation is not true"),
    Breach(
        "key-deleted-late",
        KEY,
        {"deletionWindowInDays": 7},
        "deletionWindowInDays is 7 days; expected at least 14 days",
    ),
    Breach("key-not-public", KEY, {"policy": document(admit({"AWS": "*"}))}, ANYONE),
    Breach(
        "repository-immutable",
        REPOSITORY,
        {"imageTagMutability": "MUTABLE"},
        "imageTagMutability is MUTABLE; expected IMMUTABLE or IMMUTABLE_WITH_EXCLUSION",
    ),
    Breach(
        "repository-scanned",
        REPOSITORY,
        {"imageScanningConfiguration": ABSENT},
        "imageScanningConfiguration.scanOnPush is missing; expected true",
    ),
    Breach(
        "repository-encrypted-by-own-key",
        REPOSITORY,
        {"encryptionConfigurations": ABSENT},
        "encryptionConfigurations.encryptionType is missing; expected KMS or KMS_DSSE",
    ),
    Breach(
        "repository-kept",
        REPOSITORY,
        {"forceDelete": True},
        "forceDelete is true; expected missing or false",
    ),
    Breach(
        "repository-not-public",
        "aws:ecr/repositoryPolicy:RepositoryPolicy",
        {"policy": document(admit("*"))},
        ANYONE,
    ),
]
EMAIL = [
    Breach(
        "email-tls-only",
        "aws:ses/configurationSet:ConfigurationSet",
        {"deliveryOptions.tlsPolicy": "Optional"},
        "deliveryOptions.tlsPolicy is Optional; expected Require",
    ),
    Breach(
        "email-reputation-watched",
        "aws:ses/configurationSet:ConfigurationSet",
        {"reputationMetricsEnabled": ABSENT},
        "reputationMetricsEnabled is missing; expected true",
    ),
    Breach(
        "email-bounces-heard",
        "aws:ses/eventDestination:EventDestination",
        {"matchingTypes": ["bounce", "delivery"]},
        "matchingTypes lacks complaint",
    ),
    Breach(
        "email-events-enabled",
        "aws:ses/eventDestination:EventDestination",
        {"enabled": False},
        "enabled is not true",
    ),
    Breach(
        "email-sender-not-public",
        "aws:ses/identityPolicy:IdentityPolicy",
        {"policy": document(admit("*"))},
        ANYONE,
    ),
]
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
        "kmsKeyArn is missing beside environment",
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
        "events.amazonaws.com may call for any account; set sourceArn or sourceAccount",
    ),
    Breach(
        "function-callers-named",
        "aws:lambda/permission:Permission",
        {"principal": "*"},
        "principal is *; name who may call the function",
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
        "alarmActions names nobody",
    ),
]
ACCESS = [
    Breach(
        "access-names-actions",
        ROLE_POLICY,
        {"policy": document({**READ, "Action": "sqs:*"})},
        "statement Read allows sqs:*; name the actions",
    ),
    Breach(
        "access-names-actions",
        ROLE,
        {"inlinePolicies": [{"policy": document({**READ, "NotAction": "iam:*"})}]},
        "statement Read allows all actions but some; name the actions",
    ),
    Breach(
        "access-names-resources",
        ROLE_POLICY,
        {"policy": document({**READ, "Resource": ["*"]})},
        "statement Read allows sqs:ReceiveMessage on *; name the resources",
    ),
    Breach(
        "role-taken-by-someone",
        ROLE,
        {"assumeRolePolicy": document(admit({"AWS": "*"}))},
        "statement Admit lets everyone take the role; name who may",
    ),
    Breach(
        "role-taken-by-someone",
        ROLE,
        {"assumeRolePolicy": document(admit({"Federated": "arn:issuer"}))},
        "statement Admit lets every identity of arn:issuer take the role",
    ),
    Breach(
        "access-not-broad",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        {"policyArn": "arn:aws:iam::aws:policy/AmazonSQSFullAccess"},
        "policyArn is arn:aws:iam::aws:policy/AmazonSQSFullAccess; "
        "write a policy of what is needed",
    ),
    Breach(
        "role-not-broad",
        ROLE,
        {"managedPolicyArns": ["arn:aws:iam::aws:policy/AdministratorAccess"]},
        "policyArn is arn:aws:iam::aws:policy/AdministratorAccess; "
        "write a policy of what is needed",
    ),
    Breach(
        "no-lasting-keys",
        "aws:iam/accessKey:AccessKey",
        {},
        "aws:iam/accessKey:AccessKey is not allowed; use a role",
    ),
]
CLUSTER = [
    Breach(
        "namespace-restricted",
        "kubernetes:core/v1:Namespace",
        {"metadata.labels": {}},
        "label pod-security.kubernetes.io/enforce is missing; expected restricted",
    ),
    Breach(
        "service-inside",
        "kubernetes:core/v1:Service",
        {"spec.type": "LoadBalancer"},
        "spec.type is LoadBalancer; reach it through the gateway",
    ),
    Breach(
        "account-no-token",
        "kubernetes:core/v1:ServiceAccount",
        {"automountServiceAccountToken": ABSENT},
        "automountServiceAccountToken is missing; expected false",
    ),
    Breach(
        "cluster-role-names-rights",
        "kubernetes:rbac.authorization.k8s.io/v1:Role",
        {"rules.0.verbs": ["*"]},
        "a rule has * among its verbs",
    ),
    Breach(
        "image-no-secret-arguments",
        "docker-build:index:Image",
        {"buildArgs.PIP_TOKEN": "abc"},
        "buildArgs has PIP_TOKEN; give it as one of secrets",
    ),
    Breach(
        "password-long",
        "random:index/randomPassword:RandomPassword",
        {"length": 12},
        "length is 12 characters; expected at least 24 characters",
    ),
]
SECURITY = "securityContext"
WORKLOADS = [
    of_pod(
        "pod-not-root",
        {f"{SECURITY}.runAsNonRoot": ABSENT},
        "container service: securityContext.runAsNonRoot is None; expected true",
    ),
    of_container(
        "pod-not-root",
        {f"{SECURITY}.runAsNonRoot": False},
        "securityContext.runAsNonRoot is False; expected true",
    ),
    of_container(
        "pod-not-privileged",
        {f"{SECURITY}.privileged": True},
        "securityContext.privileged is True; expected false",
    ),
    of_container(
        "pod-no-escalation",
        {f"{SECURITY}.allowPrivilegeEscalation": ABSENT},
        "securityContext.allowPrivilegeEscalation is None; expected false",
    ),
    of_container(
        "pod-drops-capabilities",
        {f"{SECURITY}.capabilities": ABSENT},
        "securityContext.capabilities.drop lacks ALL",
    ),
    of_container(
        "pod-drops-capabilities",
        {f"{SECURITY}.capabilities.add": ["NET_ADMIN"]},
        "adds capabilities NET_ADMIN",
    ),
    of_pod(
        "pod-filters-system-calls",
        {f"{SECURITY}.seccompProfile": ABSENT},
        "container service: securityContext.seccompProfile.type is None; "
        "expected runtimedefault or localhost",
    ),
    of_container(
        "pod-read-only",
        {f"{SECURITY}.readOnlyRootFilesystem": False},
        "securityContext.readOnlyRootFilesystem is False; expected true",
    ),
    of_container(
        "pod-has-limits", {"resources.limits": ABSENT}, "resources.limits.memory is missing"
    ),
    of_container("pod-has-probes", {"livenessProbe": ABSENT}, "livenessProbe is missing"),
    of_container("pod-image-by-digest", {"image": "nginx:1.29"}, "image nginx:1.29 has no digest"),
    of_pod("pod-apart-from-host", {"hostNetwork": True}, "hostNetwork is true"),
    of_pod(
        "pod-apart-from-host",
        {"volumes": [{"name": "docker", "hostPath": {"path": "/run"}}]},
        "volume docker is the host's folder /run",
    ),
    of_pod(
        "pod-no-token",
        {"automountServiceAccountToken": True},
        "automountServiceAccountToken is not false",
    ),
    of_container(
        "pod-no-plain-secrets",
        {"env": [{"name": "DATABASE_PASSWORD", "value": "hunter2"}]},
        "DATABASE_PASSWORD is written out; refer to a Secret",
    ),
    of_container(
        "pod-no-plain-secrets",
        {"env": [{"name": "AWS_SECRET_ACCESS_KEY", "value": "abc"}]},
        "AWS_SECRET_ACCESS_KEY is written out; refer to a Secret",
    ),
    Breach(
        "pod-no-token",
        "kubernetes:batch/v1:CronJob",
        {"spec.jobTemplate.spec.template.spec.automountServiceAccountToken": ABSENT},
        "automountServiceAccountToken is not false",
    ),
    Breach(
        "pod-read-only",
        "kubernetes:core/v1:Pod",
        {"spec.initContainers": [{**CONTAINER, "name": "first", "securityContext": {}}]},
        "container first: securityContext.readOnlyRootFilesystem is None; expected true",
    ),
]
ALL_TYPES = [
    Breach(
        "tagged",
        TOPIC,
        {"tags": {"system": "herald", "owner": ""}},
        "tags lack environment, owner; set them in aws:defaultTags",
    ),
    Breach(
        "type-known",
        "aws:s3/bucket:Bucket",
        {},
        "no rule knows aws:s3/bucket:Bucket; add it to the catalogue with the rules it needs",
    ),
]
BREACHES = [*MESSAGING, *STORAGE, *EMAIL, *FUNCTIONS, *ACCESS, *CLUSTER, *WORKLOADS, *ALL_TYPES]
