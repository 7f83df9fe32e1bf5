"""Lists the billed parts of each resource type for a month."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from review.preview.prices import Prices, Usage
from review.resource_types import TYPES

HOURS = 730  # of a month
STARTS = 43_800  # of a month, one per minute
MILLION = Decimal(1_000_000)


@dataclass(frozen=True)
class Part:
    """Contains an `amount` with a `price` for each unit."""

    what: str
    amount: Decimal | int
    price: Decimal

    @property
    def monthly(self) -> Decimal:
        return self.amount * self.price


class NoPrice(Exception):
    """Reports a missing price; the message names the unit."""


Inputs = Mapping[str, Any]
Rates = Callable[[Inputs, Prices, Usage], Iterator[Part]]


def topic(inputs: Inputs, prices: Prices, usage: Usage) -> Iterator[Part]:
    """Count publications; AWS does not bill deliveries to queues."""
    name = part_name(inputs)
    messages = usage.published(name)
    if messages is None:
        raise NoPrice(f"the messages of topic {name}, which prices.py does not estimate")
    yield Part("million messages", messages / MILLION, prices.sns["million_publishes"])


def queue(inputs: Inputs, prices: Prices, usage: Usage) -> Iterator[Part]:
    if not inputs.get("redrivePolicy"):
        return  # the use of dead-letter queues is negligible
    name = part_name(inputs)
    messages = usage.received(name)
    if messages is None:
        raise NoPrice(f"the messages of queue {name}, which prices.py does not estimate")
    requests = usage.idle_polls + 2 * messages  # one to receive, one to delete
    yield Part("million requests", requests / MILLION, prices.sqs["million_requests"])


def part_name(inputs: Inputs) -> str:
    """Return the name in the program: without the environment's prefix and the random end."""
    return str(inputs.get("name", "")).partition("-")[2].rpartition("-")[0]


def table(inputs: Inputs, prices: Prices, usage: Usage) -> Iterator[Part]:
    if inputs.get("billingMode") != "PAY_PER_REQUEST":
        raise NoPrice("provisioned capacity")
    copies = 1 + len(inputs.get("globalSecondaryIndexes") or [])  # each index contains all items
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
    # SQS and SNS request a data key at most every five minutes, for each consumer.
    asked = Decimal(HOURS * 12 * 4)
    yield Part("ten thousand requests", asked / 10_000, prices.kms["ten_thousand_requests"])


def alarm(inputs: Inputs, prices: Prices, usage: Usage) -> Iterator[Part]:
    yield Part("alarm", 1, prices.cloudwatch["alarm_month"])


def dashboard(inputs: Inputs, prices: Prices, usage: Usage) -> Iterator[Part]:
    yield Part("dashboard", 1, prices.cloudwatch["dashboard_month"])


def log_group(inputs: Inputs, prices: Prices, usage: Usage) -> Iterator[Part]:
    """Return the cost of ingestion; RDS writes to its upgrade log only during upgrades."""
    taken = Decimal(0) if str(inputs.get("name")).endswith("/upgrade") else usage.log_gb
    yield Part("GB ingested", taken, prices.cloudwatch["logs_gb"])
    months = Decimal(int(inputs.get("retentionInDays") or 3650)) / 30
    yield Part("GB kept", taken * months, prices.cloudwatch["logs_gb_month"])


def repository(inputs: Inputs, prices: Prices, usage: Usage) -> Iterator[Part]:
    yield Part("GB of images", usage.image_gb, prices.ecr["gb_month"])


def configuration_set(inputs: Inputs, prices: Prices, usage: Usage) -> Iterator[Part]:
    yield Part("thousand e-mails", usage.emails / 1000, prices.ses["thousand_emails"])


def address(inputs: Inputs, prices: Prices, usage: Usage) -> Iterator[Part]:
    yield Part("hours of an address", HOURS, prices.ec2["address_hour"])


def nat_gateway(inputs: Inputs, prices: Prices, usage: Usage) -> Iterator[Part]:
    yield Part("hours", HOURS, prices.ec2["nat_hour"])
    yield Part("GB through NAT", usage.nat_gb, prices.ec2["nat_gb"])


def kubernetes_cluster(inputs: Inputs, prices: Prices, usage: Usage) -> Iterator[Part]:
    """Return the cost of a cluster; in Auto Mode, the number of nodes is an assumption."""
    yield Part("hours", HOURS, prices.eks["cluster_hour"])
    if not (inputs.get("computeConfig") or {}).get("enabled"):
        return
    yield Part("hours of nodes", HOURS * usage.nodes, prices.ec2["node_hour"])
    yield Part("hours of Auto Mode", HOURS * usage.nodes, prices.eks["node_hour"])
    yield Part("GB of disks", usage.disk_gb * usage.nodes, prices.ec2["disk_gb_month"])


def load_balancer(inputs: Inputs, prices: Prices, usage: Usage) -> Iterator[Part]:
    """Return the cost of the load balancer of an Ingress; its certificate is free."""
    yield Part("hours", HOURS, prices.load_balancer["hour"])
    hours = HOURS * usage.gateway_capacity
    yield Part("hours of a capacity unit", hours, prices.load_balancer["capacity_hour"])
    hours = HOURS * usage.gateway_addresses
    yield Part("hours of an address", hours, prices.ec2["address_hour"])


def bucket(inputs: Inputs, prices: Prices, usage: Usage) -> Iterator[Part]:
    yield Part("GB of objects", usage.bucket_gb, prices.s3["gb_month"])


def workspace(inputs: Inputs, prices: Prices, usage: Usage) -> Iterator[Part]:
    samples = usage.metric_samples / MILLION
    yield Part("million samples", samples, prices.prometheus["million_samples"])


def collector(inputs: Inputs, prices: Prices, usage: Usage) -> Iterator[Part]:
    samples = usage.metric_samples / MILLION
    yield Part("hours", HOURS, prices.prometheus["collector_hour"])
    yield Part("million samples collected", samples, prices.prometheus["million_collected"])


FREE = frozenset(name for name, each in TYPES.items() if each.price == "free")
RATES: dict[str, Rates] = {
    name: globals()[each.price] for name, each in TYPES.items() if each.price and name not in FREE
}
