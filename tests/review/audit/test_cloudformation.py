"""The comparison with CloudFormation's schemas sees faults, and the mapping hides none."""

import copy
from typing import Any

import pytest

from review.audit.cloudformation import Finding, findings, judge, read_types
from review.audit.programs import account, platform
from review.simulation.trial import Recorded

pytestmark = pytest.mark.integration

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


@pytest.fixture(scope="module")
def planned() -> dict[str, list[Recorded]]:
    """Platform and foundation of dev, which have every type."""
    return {"dev": platform("dev").resources, "foundation-dev": account("dev").resources}


def mutated(resources: list[Recorded], index: int) -> Recorded:
    type_, path, value = MUTATIONS[index]
    chosen = next(each for each in resources if each.type == type_)
    changed = copy.copy(chosen)
    changed.inputs, changed.name = copy.deepcopy(chosen.inputs), f"mutation-{index}"
    *outer, last = path.split(".")
    place = changed.inputs
    for part in outer:
        place = place[part]
    place[last] = value
    return changed


def test_planned_resources_break_no_limit(planned: dict[str, list[Recorded]]):
    assert list(judge(planned).findings) == []


def test_each_mutation_is_found(planned: dict[str, list[Recorded]]):
    resources = [each for stack in planned.values() for each in stack]
    broken = [mutated(resources, index) for index in range(len(MUTATIONS))]
    seen = {each.resource for each in findings([("dev", each) for each in broken], read_types())}
    missed = {
        MUTATIONS[index][:2] for index in range(len(MUTATIONS)) if f"mutation-{index}" not in seen
    }
    assert missed == NOT_IN_SCHEMAS, str(missed)


def test_unmapped_types_are_reported(planned: dict[str, list[Recorded]]):
    queue = next(each for each in planned["dev"] if each.type == QUEUE)
    assert list(findings([("dev", queue)], {})) == [
        Finding(
            judge="cfn-lint",
            rule="unmapped",
            stack="dev",
            resource=queue.name,
            problem="no limit was checked; add `cloudformation` to the type in resource_types.toml",
        )
    ]
