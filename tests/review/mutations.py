"""Values that AWS refuses, one for each limit that the schemas must show."""

import copy
from collections.abc import Mapping
from typing import Any

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
CLUSTER = "aws:eks/cluster:Cluster"
DATABASE = "aws:rds/instance:Instance"
FLOW_LOG = "aws:ec2/flowLog:FlowLog"
FUNCTION = "aws:lambda/function:Function"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
QUEUE = "aws:sqs/queue:Queue"
SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"
TABLE = "aws:dynamodb/table:Table"

MUTATIONS: list[tuple[str, str, Any]] = [
    (ALARM, "comparisonOperator", "GreaterThan"),
    (ALARM, "dimensions", {"": "x"}),
    (ALARM, "period", 7),
    (CLUSTER, "accessConfig.authenticationMode", "NONE"),
    (CLUSTER, "upgradePolicy.supportType", "LONG"),
    (CLUSTER, "vpcConfig.subnets", []),
    (DATABASE, "backupRetentionPeriod", 36),
    (DATABASE, "engine", "postgresql"),
    (DATABASE, "instanceClass", "db.m7g.huge"),
    (DATABASE, "performanceInsightsRetentionPeriod", 8),
    (FLOW_LOG, "trafficType", "SOME"),
    (FUNCTION, "architectures", ["arm"]),
    (FUNCTION, "memorySize", 64),
    (FUNCTION, "packageType", "Docker"),
    (FUNCTION, "timeout", 901),
    (LOG_GROUP, "retentionInDays", 45),
    (CLUSTER, "computeConfig.enabled", "always"),
    (CLUSTER, "storageConfig.blockStorage", True),
    (QUEUE, "fifo", True),
    (QUEUE, "kmsDataKeyReusePeriodSeconds", 10),
    (QUEUE, "messageRetentionSeconds", 30),
    (QUEUE, "receiveWaitTimeSeconds", 21),
    (QUEUE, "visibilityTimeoutSeconds", 43_201),
    (SUBSCRIPTION, "filterPolicyScope", "Attributes"),
    (SUBSCRIPTION, "protocol", "mail"),
    (TABLE, "attributes", [{"name": "userId", "type": "X"}]),
    (TABLE, "billingMode", "ON_DEMAND"),
    ("aws:ec2/vpc:Vpc", "cidrBlock", "10.0.0.0"),
    ("aws:ecr/repository:Repository", "imageTagMutability", "FIXED"),
    ("aws:iam/role:Role", "assumeRolePolicy", '{"Statement": [{"Effect": "Permit"}]}'),
    ("aws:kms/key:Key", "deletionWindowInDays", 3),
    ("aws:s3/bucketVersioning:BucketVersioning", "versioningConfiguration.status", "On"),
    ("aws:scheduler/schedule:Schedule", "flexibleTimeWindow.mode", "NEVER"),
    ("aws:ses/eventDestination:EventDestination", "matchingTypes", ["bounced"]),
    ("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "fromPort", "http"),
]


NOT_IN_SCHEMAS = {  # AWS's schemas take any text here
    (SUBSCRIPTION, "filterPolicyScope"),
    (SUBSCRIPTION, "protocol"),
    ("aws:ec2/vpc:Vpc", "cidrBlock"),
    ("aws:ses/eventDestination:EventDestination", "matchingTypes"),
}


def mutate(inputs: Mapping[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Return the inputs with another value at a dotted path."""
    place = changed = copy.deepcopy(dict(inputs))
    *outer, last = path.split(".")
    for part in outer:
        place = place[part]
    place[last] = value
    return changed
