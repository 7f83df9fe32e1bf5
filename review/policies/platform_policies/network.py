"""Networks and who gets through them."""

from collections.abc import Iterator

from platform_policies.resource import Resource, at
from platform_policies.rule import Rule, is_one_of

GROUP = ("aws:ec2/securityGroup:SecurityGroup",)
INGRESS = ("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",)
EVERYONE = ("0.0.0.0/0", "::/0")


def closed(group: Resource) -> Iterator[str]:
    for direction in ("ingress", "egress"):
        if group.list_at(direction):
            yield f"{direction} has rules; give a group of its own to what needs them"


def not_from_everywhere(group: Resource) -> Iterator[str]:
    for rule in group.list_at("ingress"):
        for path in ("cidrBlocks", "ipv6CidrBlocks"):
            if set(at(rule, path) or []) & set(EVERYONE):
                yield f"ingress admits everyone to port {at(rule, 'fromPort')}; name who may"


def rule_not_from_everywhere(rule: Resource) -> Iterator[str]:
    for path in ("cidrIpv4", "cidrIpv6"):
        if rule.at(path) in EVERYONE:
            yield f"{path} is {rule.at(path)}; name who may"


RULES = [
    Rule(
        name="network-default-group-closed",
        reason="What was given no group must not reach what else was given none.",
        types=("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",),
        check=closed,
    ),
    Rule(
        name="network-no-public-addresses",
        reason="A machine that gets a public address by itself is found within minutes.",
        types=("aws:ec2/subnet:Subnet",),
        check=is_one_of("mapPublicIpOnLaunch", None, False),
    ),
    Rule(
        name="network-group-not-open",
        reason="Services are reached through the gateway, and machines by nobody.",
        types=GROUP,
        check=not_from_everywhere,
    ),
    Rule(
        name="network-rule-not-open",
        reason="Services are reached through the gateway, and machines by nobody.",
        types=INGRESS,
        check=rule_not_from_everywhere,
    ),
    Rule(
        name="network-all-traffic-logged",
        reason="What was refused tells of an attempt, what was accepted of its success.",
        types=("aws:ec2/flowLog:FlowLog",),
        check=is_one_of("trafficType", "ALL"),
    ),
]
