"""Describes the parts of a stack as a Mermaid flowchart, from the resources in its state."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from operations.errors import OperatorError

ALARMS = "alarms"  # topic of every stack
DAY = 24 * 3600  # seconds
DEAD_LETTERS = "-dead-letters"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
FUNCTION = "aws:lambda/function:Function"
QUEUE = "aws:sqs/queue:Queue"
SHAPES = {  # shape of a node, and color of its border
    "service": ('["{}"]', "#2563eb"),
    "topic": ('{{{{"{}"}}}}', "#d97706"),
    "queue": ('[["{}"]]', "#d97706"),
    "dead_letters": ('[/"{}"/]', "#dc2626"),
    "store": ('[("{}")]', "#059669"),
    "outside": ('(["{}"])', "#6b7280"),
}


@dataclass(frozen=True, order=True)
class Part:
    kind: str
    name: str
    detail: str

    @property
    def id(self) -> str:
        return f"{self.kind}_{self.name}".replace("-", "_").replace(" ", "_")


@dataclass(frozen=True, order=True)
class Arrow:
    start: str
    end: str
    label: str = ""


class State:
    """Finds the resources of a stack by type, and by name without the stack's prefix."""

    def __init__(self, resources: Sequence[Mapping[str, Any]]) -> None:
        names = [resource["urn"].rpartition("::")[2] for resource in resources]
        self.prefix = next((n.removesuffix(ALARMS) for n in names if n.endswith(f"-{ALARMS}")), "")
        self.by_type: dict[str, dict[str, Mapping[str, Any]]] = {}
        for name, resource in zip(names, resources, strict=True):
            self.by_type.setdefault(resource["type"], {})[name.removeprefix(self.prefix)] = resource

    def all(self, type_: str) -> Mapping[str, Mapping[str, Any]]:
        return self.by_type.get(type_, {})

    def inputs(self, type_: str, name: str) -> Mapping[str, Any]:
        return self.all(type_).get(name, {}).get("inputs") or {}


def diagram(stack: str, resources: Sequence[Mapping[str, Any]]) -> str:
    """Return the flowchart; equal states give equal text."""
    state = State(resources)
    found = {part.id: part for part in parts(state)}
    if not found:
        raise OperatorError(
            f"stack {stack} has nothing to draw; run `pulumi up --stack {stack}` first"
        )
    drawn = {arrow for arrow in arrows(state) if {arrow.start, arrow.end} <= found.keys()}
    lines = [*map(node, sorted(found.values())), *map(connection, sorted(drawn))]
    colors = [f"classDef {kind} stroke:{color}" for kind, (_, color) in SHAPES.items()]
    return "\n  ".join(["flowchart TB", *lines, *colors])


def node(part: Part) -> str:
    shape, _ = SHAPES[part.kind]
    return f"{part.id}{shape.format(f'{part.name}<br/>{part.detail}')}:::{part.kind}"


def connection(arrow: Arrow) -> str:
    label = f'|"{arrow.label}"|' if arrow.label else ""
    return f"{arrow.start} -->{label} {arrow.end}"


def parts(state: State) -> Iterator[Part]:
    for name in state.all("aws:sns/topic:Topic"):
        yield Part("topic", f"{name} topic", "SNS")
    for name, resource in state.all(QUEUE).items():
        yield queue(name, resource.get("inputs") or {})
    for name in state.all("herald:infra:ServiceDatabase"):
        yield Part("store", f"{name}s", server(state))
    for name, resource in state.all("aws:dynamodb/table:Table").items():
        expiry = (resource.get("inputs") or {}).get("ttl") or {}
        yield Part("store", name, "DynamoDB, expires" if expiry.get("enabled") else "DynamoDB")
    for name in state.all(DEPLOYMENT):
        yield Part("service", name, f"Kubernetes, {pods(state, name)}")
    for name in state.all(FUNCTION):
        yield Part("service", name, "Lambda, by schedule")
    yield from neighbours(state)


def queue(name: str, inputs: Mapping[str, Any]) -> Part:
    if not name.endswith(DEAD_LETTERS):
        return Part("queue", f"{name} queue", "SQS")
    days = int(inputs.get("messageRetentionSeconds", 0)) // DAY
    return Part("dead_letters", name, f"SQS, {days} days")


def server(state: State) -> str:
    servers = [each.get("inputs") or {} for each in state.all("aws:rds/instance:Instance").values()]
    if not servers:
        return "PostgreSQL"
    return "PostgreSQL, RDS, multi-AZ" if servers[0].get("multiAz") else "PostgreSQL, RDS"


def pods(state: State, name: str) -> str:
    scaler = state.inputs("kubernetes:autoscaling/v2:HorizontalPodAutoscaler", name)
    bounds = scaler.get("spec", {})
    low, high = int(bounds.get("minReplicas", 1)), int(bounds.get("maxReplicas", 1))
    return f"{low} to {high} pods" if low < high else "1 pod" if low == 1 else f"{low} pods"


def neighbours(state: State) -> Iterator[Part]:
    """Yield the parts outside of the stack that it calls or that call it."""
    if state.all("kubernetes:core/v1:Service"):
        yield Part("outside", "apps", "over HTTP")
    if state.all("aws:ses/configurationSet:ConfigurationSet"):
        yield Part("outside", "SES", "e-mail")
    if "fcm-secrets" in state.all("kubernetes:core/v1:Secret"):
        yield Part("outside", "FCM", "push")
    if number := len(state.all("aws:cloudwatch/metricAlarm:MetricAlarm")):
        yield Part("outside", "CloudWatch", f"{number} alarms")


def arrows(state: State) -> Iterator[Arrow]:
    yield from ways_of_messages(state)
    for name in state.all("kubernetes:core/v1:Service"):
        yield Arrow("outside_apps", service_id(name))
    for name, resource in state.all(DEPLOYMENT).items():
        yield from uses(name, [*targets(state, resource, "spec"), *secret_topics(resource)])
    for name, resource in state.all(FUNCTION).items():
        yield from uses(name, targets(state, resource, "environment"))
        for dead_letters in targets(state, resource, "deadLetterConfig"):
            yield Arrow(service_id(name), dead_letters)


def ways_of_messages(state: State) -> Iterator[Arrow]:
    """Yield the arrows that do not involve a service."""
    yield Arrow("outside_CloudWatch", f"topic_{ALARMS}_topic")
    for resource in state.all("aws:sns/topicSubscription:TopicSubscription").values():
        for topic in targets(state, resource, "topic"):
            for endpoint in targets(state, resource, "endpoint"):
                yield Arrow(topic, endpoint, types(resource))
    for resource in state.all("aws:ses/eventDestination:EventDestination").values():
        for topic in targets(state, resource, "snsDestination"):
            yield Arrow("outside_SES", topic, "bounces and complaints")
    for name, resource in state.all(QUEUE).items():
        for dead_letters in targets(state, resource, "redrivePolicy"):
            yield Arrow(queue(name, {}).id, dead_letters, receives(resource))


def uses(service: str, ids: Sequence[str]) -> Iterator[Arrow]:
    """Yield the arrows of a service: from its queues, and to other parts."""
    for used in ids:
        if used.startswith("queue_"):
            yield Arrow(used, service_id(service))
        elif not used.startswith("dead_letters_"):
            yield Arrow(service_id(service), used)


def service_id(name: str) -> str:
    return Part("service", name, "").id


def targets(state: State, resource: Mapping[str, Any], key: str) -> list[str]:
    """Return the ids of the parts that a property of a resource comes from."""
    urns = (resource.get("propertyDependencies") or {}).get(key) or []
    return [found for urn in urns if (found := part_id(urn, state.prefix))]


def part_id(urn: str, prefix: str) -> str | None:
    kind = urn.split("::")[2].rpartition("$")[2]
    name = urn.rpartition("::")[2].removeprefix(prefix)
    match kind:
        case "aws:sns/topic:Topic" | "aws:sns/topicPolicy:TopicPolicy":
            return Part("topic", f"{name} topic", "").id
        case "aws:sqs/queue:Queue":
            return queue(name, {}).id
        case "aws:dynamodb/table:Table":
            return Part("store", name, "").id
        case "aws:ses/configurationSet:ConfigurationSet":
            return "outside_SES"
        case "kubernetes:core/v1:Secret" if name == "fcm-secrets-version":
            return "outside_FCM"
        case "kubernetes:core/v1:Secret" if name.endswith("-db-secrets-version"):
            return Part("store", f"{name.removesuffix('-db-secrets-version')}s", "").id
        case "random:index/randomPassword:RandomPassword":
            return Part("store", f"{name}s", "").id
    return None


def secret_topics(resource: Mapping[str, Any]) -> list[str]:
    """Return the topics of a Deployment: pods read their ARNs from keys of one Secret."""
    containers = resource["inputs"]["spec"]["template"]["spec"]["containers"]
    sources = [each.get("valueFrom", {}) for pod in containers for each in pod.get("env", ())]
    keys = [source.get("secretKeyRef", {}).get("key", "") for source in sources]
    return [f"topic_{key}" for key in keys if key.endswith("_topic")]


def types(subscription: Mapping[str, Any]) -> str:
    policy = json.loads(subscription["inputs"].get("filterPolicy") or "{}")
    return ", ".join(policy.get("eventType", ()))


def receives(source: Mapping[str, Any]) -> str:
    policy = source["inputs"]["redrivePolicy"]
    settings = json.loads(policy) if isinstance(policy, str) else policy
    return f"after {settings['maxReceiveCount']} receives"
