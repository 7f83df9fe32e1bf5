from decimal import Decimal
from typing import Any

import pytest
import yaml

from local.environment import PROJECT
from review.preview.costs import assumptions, bill
from review.preview.plan import PlannedResource
from review.preview.prices import NoTable, Prices, read_prices, usage_of
from stacks.config.project import PROJECT as PROJECT_NAME

PRODUCTION = "production"


@pytest.fixture(scope="module")
def prices() -> Prices:
    return read_prices("eu-central-1")


def planned(kind: str, inputs: dict[str, Any], name: str = "it") -> PlannedResource:
    return PlannedResource(urn=f"urn:pulumi:s::p::{kind}::{name}", type=kind, inputs=inputs)


def monthly(prices: Prices, kind: str, inputs: dict[str, Any], use: str = PRODUCTION) -> str:
    found = bill([planned(kind, inputs)], prices, usage_of(use))
    assert found.unpriced == ()
    return f"{found.monthly:.2f}"


SERVER = {"instanceClass": "db.t4g.micro", "allocatedStorage": 20, "multiAz": False}


@pytest.mark.parametrize(
    ("kind", "inputs", "expected"),
    [
        # 730 h x 0.018 + 20 GB x 0.137
        ("aws:rds/instance:Instance", SERVER, "15.88"),
        # a second zone doubles both
        ("aws:rds/instance:Instance", {**SERVER, "multiAz": True}, "31.76"),
        # 10 million events of 1 KB x 0.7625 + 50 GB x 0.306
        ("aws:dynamodb/table:Table", {"billingMode": "PAY_PER_REQUEST"}, "22.92"),
        # an index doubles both
        (
            "aws:dynamodb/table:Table",
            {"billingMode": "PAY_PER_REQUEST", "globalSecondaryIndexes": [{"name": "by-type"}]},
            "45.85",
        ),
        # and 50 GB x 0.2448
        (
            "aws:dynamodb/table:Table",
            {"billingMode": "PAY_PER_REQUEST", "pointInTimeRecovery": {"enabled": True}},
            "35.16",
        ),
        # 1 million changes of reminders + 2 x 3 million outcomes, x 0.50 a million
        ("aws:sns/topic:Topic", {"name": "prod-event-…"}, "3.50"),
        # 3 million that are due
        ("aws:sns/topic:Topic", {"name": "prod-notification-…"}, "1.50"),
        # half of 3 million are e-mails
        ("aws:sns/topic:Topic", {"name": "prod-email-notices-…"}, "0.75"),
        ("aws:sns/topic:Topic", {"name": "prod-alarms-…"}, "0.00"),
        ("aws:sns/topicSubscription:TopicSubscription", {"protocol": "sqs"}, "0.00"),
        # (394,200 + 2 x 10 million) x 0.40 a million
        ("aws:sqs/queue:Queue", {"name": "prod-event-…", "redrivePolicy": "{}"}, "8.16"),
        # (394,200 + 2 x 4.5 million) x 0.40 a million
        ("aws:sqs/queue:Queue", {"name": "prod-notification-…", "redrivePolicy": "{}"}, "3.76"),
        ("aws:sqs/queue:Queue", {}, "0.00"),
        # 43,800 starts x 2 s x 0.25 GB x 0.0000166667 + starts
        ("aws:lambda/function:Function", {"memorySize": 256}, "0.37"),
        (
            "aws:lambda/function:Function",
            {"memorySize": 256, "architectures": ["arm64"]},
            "0.30",
        ),
        ("aws:scheduler/schedule:Schedule", {"scheduleExpression": "rate(1 minute)"}, "0.04"),
        # 1 + 35,040 requests x 0.03 for ten thousand
        ("aws:kms/key:Key", {}, "1.11"),
        ("aws:cloudwatch/metricAlarm:MetricAlarm", {}, "0.10"),
        ("aws:cloudwatch/dashboard:Dashboard", {}, "3.00"),
        # 10 GB x 0.63 + 10 GB x 1 month x 0.0324
        ("aws:cloudwatch/logGroup:LogGroup", {"retentionInDays": 30}, "6.62"),
        (
            "aws:cloudwatch/logGroup:LogGroup",
            {"retentionInDays": 30, "name": "/aws/rds/instance/x/upgrade"},
            "0.00",
        ),
        ("aws:ecr/repository:Repository", {}, "0.50"),
        # half of 3 million x 0.10 a thousand
        ("aws:ses/configurationSet:ConfigurationSet", {}, "150.00"),
        # 730 h x 0.052 + 300 GB x 0.052
        ("aws:ec2/natGateway:NatGateway", {}, "53.56"),
        # 730 h x 0.005
        ("aws:ec2/eip:Eip", {}, "3.65"),
        # 730 h x 0.10
        ("aws:eks/cluster:Cluster", {}, "73.00"),
        # and 4 nodes x (730 h x (0.12075 + 0.01449) + 80 GB x 0.0952)
        ("aws:eks/cluster:Cluster", {"computeConfig": {"enabled": True}}, "498.36"),
        # 730 h x (0.027 + 2 x 0.008 + 3 x 0.005)
        ("kubernetes:networking.k8s.io/v1:Ingress", {}, "42.34"),
        ("aws:s3/bucket:Bucket", {}, "0.02"),
        # 730 h x 0.04 + 450 x 0.075
        ("aws:amp/scraper:Scraper", {}, "62.95"),
        # 450 x 0.09
        ("aws:amp/workspace:Workspace", {}, "40.50"),
        ("kubernetes:apps/v1:Deployment", {"spec": {"replicas": 9}}, "0.00"),
        ("aws:iam/role:Role", {}, "0.00"),
    ],
)
def test_what_a_resource_costs(prices: Prices, kind: str, inputs: dict[str, Any], expected: str):
    assert monthly(prices, kind, inputs) == expected


def test_less_use_costs_less(prices: Prices):
    kind = "aws:ses/configurationSet:ConfigurationSet"
    assert monthly(prices, kind, {}, use="development") == "1.00"
    assert monthly(prices, kind, {}, use="staging") == "5.00"


@pytest.mark.parametrize(
    ("kind", "inputs", "said"),
    [
        (
            "aws:efs/fileSystem:FileSystem",
            {},
            "it: no price known for aws:efs/fileSystem:FileSystem",
        ),
        (
            "aws:rds/instance:Instance",
            {**SERVER, "instanceClass": "db.x2g.large"},
            "it: no price known for db.x2g.large",
        ),
        (
            "aws:dynamodb/table:Table",
            {"billingMode": "PROVISIONED"},
            "it: no price known for provisioned capacity",
        ),
        (
            "aws:sns/topic:Topic",
            {"name": "prod-invoices-…"},
            "it: no price known for the messages of topic invoices, which prices.py does "
            "not estimate",
        ),
        (
            "aws:scheduler/schedule:Schedule",
            {"scheduleExpression": "rate(5 minutes)"},
            "it: no price known for schedule rate(5 minutes)",
        ),
    ],
)
def test_what_has_no_price_is_told(prices: Prices, kind: str, inputs: dict[str, Any], said: str):
    found = bill([planned(kind, inputs)], prices, usage_of(PRODUCTION))
    assert (found.unpriced, found.costs) == ((said,), ())


def test_bill_is_the_sum_dearest_first(prices: Prices):
    resources = [
        planned("aws:cloudwatch/metricAlarm:MetricAlarm", {}, "b"),
        planned("aws:cloudwatch/dashboard:Dashboard", {}, "c"),
        planned("aws:cloudwatch/metricAlarm:MetricAlarm", {}, "a"),
        planned("aws:iam/role:Role", {}, "role"),
    ]
    found = bill(resources, prices, usage_of(PRODUCTION))
    assert [each.name for each in found.costs] == ["c", "a", "b"]
    assert found.monthly == Decimal("3.20")


@pytest.mark.parametrize("stack", ["dev", "staging", "prod"])
def test_price_table_covers_servers_of_stacks(prices: Prices, stack: str):
    config = yaml.safe_load((PROJECT / f"Pulumi.{stack}.yaml").read_text())["config"]
    assert prices.region == config["aws:region"]
    assert (
        prices.server_hour(config[f"{PROJECT_NAME}:database"]["rds"]["instanceClass"]) is not None
    )


def test_assumptions_tell_date_source_and_use(prices: Prices):
    told = "\n".join(assumptions(prices, usage_of(PRODUCTION)))
    assert prices.as_of.isoformat() in told
    assert "An estimate: the prices were entered manually and not compared" in told
    assert "Check before you rely on it: https://aws.amazon.com/pricing/" in told
    checked = "\n".join(
        assumptions(prices.model_copy(update={"checked": True}), usage_of(PRODUCTION))
    )
    assert "Compared with https://aws.amazon.com/pricing/" in checked
    assert "estimate" not in checked
    assert "1,000,000 changes of reminders and 3,000,000 notifications a month, 50%" in told


def test_regions_without_table_are_refused():
    with pytest.raises(NoTable, match="of region eu-west-1; found only eu-central-1. `make"):
        read_prices("eu-west-1")
