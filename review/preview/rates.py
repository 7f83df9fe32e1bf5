"""What each type of resource is billed by in a month."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from preview.prices import Prices, Usage

HOURS = 730  # of a month
STARTS = 43_800  # of a month, one a minute
MILLION = Decimal(1_000_000)


@dataclass(frozen=True)
class Part:
    """`amount` of something, each at `price`."""

    what: str
    amount: Decimal | int
    price: Decimal

    @property
    def monthly(self) -> Decimal:
        return self.amount * self.price


class NoPrice(Exception):
    """The table has no price for something; the message names it."""


Inputs = Mapping[str, Any]
Rates = Callable[[Inputs, Prices, Usage], Iterator[Part]]


def subscription(inputs: Inputs, prices: Prices, usage: Usage) -> Iterator[Part]:
    """Publishing is billed, not delivering: each topic with a queue takes half of all events."""
    if inputs.get("protocol") == "sqs":
        yield Part("million messages", usage.events / 2 / MILLION, prices.sns["million_publishes"])


def queue(inputs: Inputs, prices: Prices, usage: Usage) -> Iterator[Part]:
    if not inputs.get("redrivePolicy"):
        return  # dead letters are hardly used
    requests = usage.idle_polls + 2 * usage.events / 2  # one to receive, one to delete
    yield Part("million requests", requests / MILLION, prices.sqs["million_requests"])


def table(inputs: Inputs, prices: Prices, usage: Usage) -> Iterator[Part]:
    if inputs.get("billingMode") != "PAY_PER_REQUEST":
        raise NoPrice("provisioned capacity")
    copies = 1 + len(inputs.get("globalSecondaryIndexes") or [])  # an index holds all again
    units = usage.events * usage.event_kb * copies / MILLION
    yield Part("million writes", units, prices.dynamodb["million_writes"])
    yield Part("GB stored", usage.event_gb * copies, prices.dynamodb["gb_month"])
    if (inputs.get("pointInTimeRecovery") or {}).get("enabled"):
        yield Part("GB restorable", usage.event_gb, prices.dynamodb["recovery_gb_month"])


def server(inputs: Inputs, prices: Prices, usage: Usage) -> Iterator[Part]:
    instance_class = inputs["instanceClass"]
    hour, gb = prices.server_hour(instance_class), prices.rds["gb_month"]
    if hour is None:
        raise NoPrice(instance_class)
    assert isinstance(gb, Decimal)
    zones = 2 if inputs.get("multiAz") else 1
    yield Part(f"hours of {instance_class}", HOURS * zones, hour)
    yield Part("GB of storage", int(inputs.get("allocatedStorage", 0)) * zones, gb)


def function(inputs: Inputs, prices: Prices, usage: Usage) -> Iterator[Part]:
    architecture = (inputs.get("architectures") or ["x86_64"])[0]
    gb_seconds = STARTS * usage.function_seconds * int(inputs.get("memorySize", 128)) / 1024
    yield Part("million starts", STARTS / MILLION, prices.lambda_["million_requests"])
    yield Part("GB-seconds", gb_seconds, prices.lambda_[f"gb_second_{architecture}"])


def schedule(inputs: Inputs, prices: Prices, usage: Usage) -> Iterator[Part]:
    if inputs.get("scheduleExpression") != "rate(1 minute)":
        raise NoPrice(f"schedule {inputs.get('scheduleExpression')}")
    yield Part("million starts", STARTS / MILLION, prices.scheduler["million_starts"])


def key(inputs: Inputs, prices: Prices, usage: Usage) -> Iterator[Part]:
    yield Part("key", 1, prices.kms["key_month"])
    # SQS and SNS ask for a data key every five minutes at most, and for each of the consumers.
    asked = Decimal(HOURS * 12 * 4)
    yield Part("ten thousand requests", asked / 10_000, prices.kms["ten_thousand_requests"])


def alarm(inputs: Inputs, prices: Prices, usage: Usage) -> Iterator[Part]:
    yield Part("alarm", 1, prices.cloudwatch["alarm_month"])


def dashboard(inputs: Inputs, prices: Prices, usage: Usage) -> Iterator[Part]:
    yield Part("dashboard", 1, prices.cloudwatch["dashboard_month"])


def log_group(inputs: Inputs, prices: Prices, usage: Usage) -> Iterator[Part]:
    """A server of RDS writes to its log of upgrades when it is upgraded, and hardly then."""
    taken = Decimal(0) if str(inputs.get("name")).endswith("/upgrade") else usage.log_gb
    yield Part("GB taken in", taken, prices.cloudwatch["logs_gb"])
    months = Decimal(int(inputs.get("retentionInDays") or 3650)) / 30
    yield Part("GB kept", taken * months, prices.cloudwatch["logs_gb_month"])


def repository(inputs: Inputs, prices: Prices, usage: Usage) -> Iterator[Part]:
    yield Part("GB of images", usage.image_gb, prices.ecr["gb_month"])


def configuration_set(inputs: Inputs, prices: Prices, usage: Usage) -> Iterator[Part]:
    yield Part("thousand e-mails", usage.emails / 1000, prices.ses["thousand_emails"])


def address(inputs: Inputs, prices: Prices, usage: Usage) -> Iterator[Part]:
    yield Part("hours of an address", HOURS, prices.ec2_price("address_hour"))


def nat_gateway(inputs: Inputs, prices: Prices, usage: Usage) -> Iterator[Part]:
    yield Part("hours", HOURS, prices.ec2_price("nat_hour"))
    yield Part("GB through NAT", usage.nat_gb, prices.ec2_price("nat_gb"))


def kubernetes_cluster(inputs: Inputs, prices: Prices, usage: Usage) -> Iterator[Part]:
    yield Part("hours", HOURS, prices.eks["cluster_hour"])


def nodes(inputs: Inputs, prices: Prices, usage: Usage) -> Iterator[Part]:
    """As many as there are at least: an autoscaler adds some only when they are needed."""
    count = int((inputs.get("scalingConfig") or {}).get("minSize", 1))
    [instance_type, *_] = inputs.get("instanceTypes") or ["t3.medium"]
    hour = prices.machine_hour(instance_type)
    if hour is None:
        raise NoPrice(instance_type)
    yield Part(f"hours of {instance_type}", HOURS * count, hour)
    yield Part("GB of disks", usage.disk_gb * count, prices.ec2_price("disk_gb_month"))


def bucket(inputs: Inputs, prices: Prices, usage: Usage) -> Iterator[Part]:
    yield Part("GB of objects", usage.bucket_gb, prices.s3["gb_month"])


RATES: dict[str, Rates] = {
    "aws:cloudwatch/dashboard:Dashboard": dashboard,
    "aws:cloudwatch/logGroup:LogGroup": log_group,
    "aws:cloudwatch/metricAlarm:MetricAlarm": alarm,
    "aws:dynamodb/table:Table": table,
    "aws:ec2/eip:Eip": address,
    "aws:ec2/natGateway:NatGateway": nat_gateway,
    "aws:ecr/repository:Repository": repository,
    "aws:eks/cluster:Cluster": kubernetes_cluster,
    "aws:eks/nodeGroup:NodeGroup": nodes,
    "aws:kms/key:Key": key,
    "aws:lambda/function:Function": function,
    "aws:rds/instance:Instance": server,
    "aws:s3/bucket:Bucket": bucket,
    "aws:scheduler/schedule:Schedule": schedule,
    "aws:ses/configurationSet:ConfigurationSet": configuration_set,
    "aws:sns/topicSubscription:TopicSubscription": subscription,
    "aws:sqs/queue:Queue": queue,
}
