"""One resource of each judged type that satisfies every rule."""

import json
from typing import Any

TAGS = {"system": "herald", "environment": "production", "owner": "platform"}
TOPIC_ARN = "arn:aws:sns:eu-central-1:111122223333:event"
QUEUE_ARN = "arn:aws:sqs:eu-central-1:111122223333:event"
DIGEST = "sha256:" + "a" * 64


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def deny_plain(action: str) -> dict[str, Any]:
    return {
        "Sid": "DenyPlainTransport",
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": "*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def admit(principal: Any, **more: Any) -> dict[str, Any]:
    return {"Sid": "Admit", "Effect": "Allow", "Principal": principal, "Action": "x:Do", **more}


FROM_TOPIC = {"ArnEquals": {"aws:SourceArn": TOPIC_ARN}}
SERVICE = admit({"Service": "sns.amazonaws.com"}, Condition=FROM_TOPIC)
ROOT = admit({"AWS": "arn:aws:iam::111122223333:root"})
SUBJECT = {"StringEquals": {"oidc.example:sub": "system:serviceaccount:production:event-service"}}
FEDERATED = {"Federated": "arn:aws:iam::111122223333:oidc-provider/oidc.example"}
READ = {"Sid": "Read", "Effect": "Allow", "Action": ["sqs:ReceiveMessage"], "Resource": QUEUE_ARN}

CONTAINER = {
    "name": "service",
    "image": f"registry.example.com/service:1@{DIGEST}",
    "env": [
        {"name": "LOG_LEVEL", "value": "INFO"},
        {
            "name": "DATABASE_PASSWORD",
            "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}},
        },
    ],
    "readinessProbe": {"httpGet": {"path": "/health/ready", "port": 8080}},
    "livenessProbe": {"httpGet": {"path": "/health/live", "port": 8080}},
    "resources": {
        "requests": {"cpu": "100m", "memory": "128Mi"},
        "limits": {"cpu": "1", "memory": "256Mi"},
    },
    "securityContext": {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    },
}
POD = {
    "automountServiceAccountToken": False,
    "containers": [CONTAINER],
    "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
    "volumes": [{"name": "tmp", "emptyDir": {}}],
}
TEMPLATE = {"spec": {"template": {"spec": POD}}}

SOUND: dict[str, dict[str, Any]] = {
    "aws:sns/topic:Topic": {"kmsMasterKeyId": "alias/messages", "tags": TAGS},
    "aws:sns/topicPolicy:TopicPolicy": {"policy": document(SERVICE, deny_plain("sns:Publish"))},
    "aws:sns/topicSubscription:TopicSubscription": {"protocol": "sqs", "redrivePolicy": "{}"},
    "aws:sqs/queue:Queue": {
        "kmsMasterKeyId": "alias/messages",
        "redrivePolicy": "{}",
        "messageRetentionSeconds": 1209600,
        "tags": TAGS,
    },
    "aws:sqs/queuePolicy:QueuePolicy": {"policy": document(SERVICE, deny_plain("sqs:*"))},
    "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy": {
        "redriveAllowPolicy": json.dumps(
            {"redrivePermission": "byQueue", "sourceQueueArns": [QUEUE_ARN]}
        )
    },
    "aws:dynamodb/table:Table": {
        "serverSideEncryption": {"enabled": True, "kmsKeyArn": "arn:key"},
        "pointInTimeRecovery": {"enabled": True},
        "deletionProtectionEnabled": True,
        "tags": TAGS,
    },
    "aws:rds/instance:Instance": {
        "storageEncrypted": True,
        "publiclyAccessible": False,
        "backupRetentionPeriod": 35,
        "finalSnapshotIdentifier": "final",
        "deletionProtection": True,
        "multiAz": True,
        "autoMinorVersionUpgrade": True,
        "enabledCloudwatchLogsExports": ["postgresql", "upgrade"],
        "performanceInsightsEnabled": True,
        "copyTagsToSnapshot": True,
        "tags": TAGS,
    },
    "aws:rds/parameterGroup:ParameterGroup": {
        "family": "postgres17",
        "parameters": [{"name": "rds.force_ssl", "value": "1"}],
        "tags": TAGS,
    },
    "aws:rds/subnetGroup:SubnetGroup": {"subnetIds": ["subnet-a", "subnet-b"], "tags": TAGS},
    "aws:kms/key:Key": {
        "enableKeyRotation": True,
        "deletionWindowInDays": 30,
        "policy": document(ROOT),
        "tags": TAGS,
    },
    "aws:ecr/repository:Repository": {
        "imageTagMutability": "IMMUTABLE",
        "imageScanningConfiguration": {"scanOnPush": True},
        "encryptionConfigurations": [{"encryptionType": "KMS"}],
        "tags": TAGS,
    },
    "aws:ecr/repositoryPolicy:RepositoryPolicy": {"policy": document(ROOT)},
    "aws:ses/configurationSet:ConfigurationSet": {
        "deliveryOptions": {"tlsPolicy": "Require"},
        "reputationMetricsEnabled": True,
    },
    "aws:ses/eventDestination:EventDestination": {
        "enabled": True,
        "matchingTypes": ["bounce", "complaint", "delivery"],
    },
    "aws:ses/identityPolicy:IdentityPolicy": {"policy": document(ROOT)},
    "aws:lambda/function:Function": {
        "deadLetterConfig": {"targetArn": QUEUE_ARN},
        "reservedConcurrentExecutions": 1,
        "environment": {"variables": {"LOG_LEVEL": "INFO"}},
        "kmsKeyArn": "arn:key",
        "loggingConfig": {"logFormat": "Text", "logGroup": "scheduler"},
        "tags": TAGS,
    },
    "aws:lambda/functionUrl:FunctionUrl": {"authorizationType": "AWS_IAM"},
    "aws:lambda/permission:Permission": {
        "principal": "events.amazonaws.com",
        "sourceArn": "arn:aws:events:eu-central-1:111122223333:rule/tick",
    },
    "aws:scheduler/schedule:Schedule": {"target": {"deadLetterConfig": {"arn": QUEUE_ARN}}},
    "aws:cloudwatch/logGroup:LogGroup": {"retentionInDays": 30, "tags": TAGS},
    "aws:amp/ruleGroupNamespace:RuleGroupNamespace": {"tags": TAGS},
    "aws:amp/scraper:Scraper": {"tags": TAGS},
    "aws:amp/workspace:Workspace": {"tags": TAGS},
    "aws:cloudwatch/metricAlarm:MetricAlarm": {"alarmActions": [TOPIC_ARN], "tags": TAGS},
    "aws:iam/role:Role": {
        "assumeRolePolicy": document(admit(FEDERATED, Condition=SUBJECT)),
        "inlinePolicies": [{"name": "read", "policy": document(READ)}],
        "managedPolicyArns": ["arn:aws:iam::aws:policy/service-role/AWSLambdaENIManagementAccess"],
        "tags": TAGS,
    },
    "aws:iam/policy:Policy": {"policy": document(READ), "tags": TAGS},
    "aws:iam/rolePolicy:RolePolicy": {"policy": document(READ)},
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": {
        "policyArn": "arn:aws:iam::aws:policy/service-role/AWSLambdaENIManagementAccess"
    },
    "kubernetes:core/v1:Namespace": {
        "metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}
    },
    "kubernetes:core/v1:Service": {"spec": {"type": "ClusterIP"}},
    "kubernetes:core/v1:ServiceAccount": {"automountServiceAccountToken": False},
    "kubernetes:rbac.authorization.k8s.io/v1:Role": {
        "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]
    },
    "kubernetes:apps/v1:Deployment": TEMPLATE,
    "kubernetes:batch/v1:Job": TEMPLATE,
    "kubernetes:batch/v1:CronJob": {"spec": {"jobTemplate": TEMPLATE}},
    "kubernetes:core/v1:Pod": {"spec": POD},
    "docker-build:index:Image": {"buildArgs": {"BASE": f"python:3.12@{DIGEST}"}},
    "random:index/randomPassword:RandomPassword": {"length": 32},
}
# Of a new account.
SOUND |= {
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": {"vpcId": "vpc-1", "tags": TAGS},
    "aws:ec2/subnet:Subnet": {"mapPublicIpOnLaunch": False, "tags": TAGS},
    "aws:ec2/securityGroup:SecurityGroup": {"ingress": [{"cidrBlocks": ["10.0.0.0/8"]}]}
    | {"tags": TAGS},
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": {
        "cidrIpv4": "10.0.0.0/8",
        "tags": TAGS,
    },
    "aws:ec2/flowLog:FlowLog": {"trafficType": "ALL", "tags": TAGS},
    "aws:eks/cluster:Cluster": {
        "vpcConfig": {
            "endpointPrivateAccess": True,
            "endpointPublicAccess": True,
            "publicAccessCidrs": ["192.0.2.0/24"],
        },
        "encryptionConfig": {"resources": ["secrets"]},
        "enabledClusterLogTypes": ["api", "audit", "authenticator"],
        "accessConfig": {"authenticationMode": "API"},
        "computeConfig": {"enabled": True},
        "kubernetesNetworkConfig": {"elasticLoadBalancing": {"enabled": True}},
        "storageConfig": {"blockStorage": {"enabled": True}},
        "deletionProtection": True,
        "tags": TAGS,
    },
    "aws:eks/addon:Addon": {"addonVersion": "v1.14.3-eksbuild.23", "tags": TAGS},
    "aws:s3/bucket:Bucket": {"forceDestroy": False, "tags": TAGS},
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": {
        "blockPublicAcls": True,
        "blockPublicPolicy": True,
        "ignorePublicAcls": True,
        "restrictPublicBuckets": True,
    },
    "aws:s3/bucketVersioning:BucketVersioning": {"versioningConfiguration": {"status": "Enabled"}},
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": {
        "rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms"}}]
    },
    "aws:s3/bucketPolicy:BucketPolicy": {"policy": document(ROOT, deny_plain("s3:*"))},
}
