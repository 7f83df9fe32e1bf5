"""The parts of a stack, read from the resources in its state."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from herald.errors import OperatorError

Kind = Literal["topic", "queue", "dead_letters", "service", "function", "database", "table", "mail",
               "push", "alarm", "apps"]  # fmt: skip
DAY = 24 * 3600  # seconds


@dataclass(frozen=True)
class Part:
    kind: Kind
    name: str
    detail: str


@dataclass(frozen=True)
class Architecture:
    stack: str
    parts: Mapping[str, Part] = field(default_factory=dict)  # by its place in the picture


class Resources:
    """The stack's resources, found by type and by name without the stack's prefix."""

    def __init__(self, resources: Sequence[Mapping[str, Any]], prefix: str) -> None:
        self.by_type: dict[str, dict[str, dict[str, Any]]] = {}
        for resource in resources:
            name = resource["urn"].rpartition("::")[2].removeprefix(prefix)
            inputs = resource.get("inputs") or {}
            self.by_type.setdefault(resource["type"], {})[name] = inputs

    def get(self, type_: str, name: str) -> dict[str, Any] | None:
        return self.by_type.get(type_, {}).get(name)

    def first(self, type_: str) -> dict[str, Any] | None:
        return next(iter(self.by_type.get(type_, {}).values()), None)

    def number(self, type_: str) -> int:
        return len(self.by_type.get(type_, {}))


def architecture(stack: str, resources: Sequence[Mapping[str, Any]]) -> Architecture:
    known = Resources(resources, prefix_of(resources))
    parts = {
        place: part
        for place, part in {
            **{f"{name}-topic": topic(known, name) for name in ("event", "notification")},
            **{f"{name}-queue": queue(known, name) for name in ("event", "notification")},
            **{f"{name}-dead": dead_letters(known, name) for name in ("event", "notification")},
            **{
                f"{name}s": database(known, name) for name in ("reminder", "notification", "device")
            },
            **{name: service(known, name) for name in SERVICES},
            "event-store": table(known),
            "alarms": alarms(known),
            "ses": sender(known),
            "fcm": push(known),
        }.items()
        if part is not None
    }
    if not parts:
        raise OperatorError(
            f"stack {stack} has nothing to draw; run `pulumi up --stack {stack}` first"
        )
    return Architecture(stack, {"apps": Part("apps", "Apps", "over HTTP"), **parts})


SERVICES = ("reminder-service", "event-service", "notification-scheduler", "notification-service")


def prefix_of(resources: Sequence[Mapping[str, Any]]) -> str:
    """What the names of all services begin with."""
    for resource in resources:
        name = str(resource["urn"]).rpartition("::")[2]
        if resource["type"] == "aws:sns/topic:Topic" and name.endswith("notification"):
            return name.removesuffix("notification")
    return ""


def topic(known: Resources, name: str) -> Part | None:
    made = known.get("aws:sns/topic:Topic", name)
    if made is None:
        return None
    return Part("topic", f"{name} topic", f"SNS{encrypted(made, 'kmsMasterKeyId')}")


def queue(known: Resources, name: str) -> Part | None:
    made = known.get("aws:sqs/queue:Queue", name)
    if made is None:
        return None
    return Part("queue", f"{name} queue", f"SQS{encrypted(made, 'kmsMasterKeyId')}")


def dead_letters(known: Resources, name: str) -> Part | None:
    made = known.get("aws:sqs/queue:Queue", f"{name}-dead-letters")
    if made is None:
        return None
    source = known.get("aws:sqs/queue:Queue", name) or {}
    policy = source.get("redrivePolicy") or "{}"
    receives = (json.loads(policy) if isinstance(policy, str) else policy).get("maxReceiveCount")
    days = int(made.get("messageRetentionSeconds", 0)) // DAY
    return Part("dead_letters", "dead letters", f"after {receives} receives, {days} days")


def encrypted(made: Mapping[str, Any], key: str) -> str:
    return ", encrypted" if made.get(key) else ""


def database(known: Resources, name: str) -> Part | None:
    if known.get("herald:infra:ServiceDatabase", name) is None:
        return None
    server = known.first("aws:rds/instance:Instance")
    if server is None:
        return Part("database", f"{name}s", "PostgreSQL")
    server_kind = "RDS, multi-AZ" if server.get("multiAz") else "RDS"
    return Part("database", f"{name}s", f"PostgreSQL, {server_kind}")


def service(known: Resources, name: str) -> Part | None:
    if known.get("aws:lambda/function:Function", name) is not None:
        return Part("function", name, "Lambda, by schedule")
    if known.get("kubernetes:apps/v1:Deployment", name) is None:
        return None
    scaler = known.get("kubernetes:autoscaling/v2:HorizontalPodAutoscaler", name) or {}
    bounds = scaler.get("spec", {})
    low, high = int(bounds.get("minReplicas", 1)), int(bounds.get("maxReplicas", 1))
    pods = f"{low} to {high} pods" if low < high else "1 pod" if low == 1 else f"{low} pods"
    return Part("service", name, f"Kubernetes, {pods}")


def table(known: Resources) -> Part | None:
    made = known.get("aws:dynamodb/table:Table", "event-store")
    if made is None:
        return None
    expiry = ", expires" if (made.get("ttl") or {}).get("enabled") else ""
    return Part("table", "event store", f"DynamoDB{expiry}")


def alarms(known: Resources) -> Part | None:
    if known.get("aws:sns/topic:Topic", "alarms") is None:
        return None
    number = known.number("aws:cloudwatch/metricAlarm:MetricAlarm")
    return Part("alarm", "alarm topic", f"SNS, {number} alarms")


def sender(known: Resources) -> Part | None:
    if known.first("aws:ses/template:Template") is None:
        return None
    return Part("mail", "SES", "e-mail")


def push(known: Resources) -> Part | None:
    if known.get("kubernetes:core/v1:Secret", "fcm-secrets") is None:
        return None
    return Part("push", "FCM", "push")
