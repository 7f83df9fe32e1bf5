"""Defines rules for networks and their security groups."""

from collections.abc import Iterator

from platform_policies.resource import Resource, at
from platform_policies.rule import Rule, is_one_of

GROUP = ("aws:ec2/securityGroup:SecurityGroup",)
INGRESS = ("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",)
EVERYONE = ("0.0.0.0/0", "::/0")


def closed(group: Resource) -> Iterator[str]:
    for direction in ("ingress", "egress"):
        if group.list_at(direction):
            yield f"{direction} has rules; move them to a separate group"


def not_from_everywhere(group: Resource) -> Iterator[str]:
    for rule in group.list_at("ingress"):
        for path in ("cidrBlocks", "ipv6CidrBlocks"):
            if set(at(rule, path) or []) & set(EVERYONE):
                yield f"ingress admits everyone to port {at(rule, 'fromPort')}; name the sources"


def rule_not_from_everywhere(rule: Resource) -> Iterator[str]:
    for path in ("cidrIpv4", "cidrIpv6"):
        if rule.at(path) in EVERYONE:
            yield f"{path} is {rule.at(path)}; name the sources"


RULES = [
    Rule(
        name="network-default-group-closed",
        reason="Resources without a group must not reach each other.",
        types=("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",),
        check=closed,
    ),
    Rule(
        name="network-no-public-addresses",
        reason="A machine with an automatic public address is found within minutes.",
        types=("aws:ec2/subnet:Subnet",),
        check=is_one_of("mapPublicIpOnLaunch", None, False),
    ),
    Rule(
        name="network-group-not-open",
        reason="Clients reach services through the gateway, and nobody reaches machines.",
        types=GROUP,
        check=not_from_everywhere,
    ),
    Rule(
        name="network-rule-not-open",
        reason="Clients reach services through the gateway, and nobody reaches machines.",
        types=INGRESS,
        check=rule_not_from_everywhere,
    ),
    Rule(
        name="network-all-traffic-logged",
        reason="Rejected traffic shows attempts, and accepted traffic shows successes.",
        types=("aws:ec2/flowLog:FlowLog",),
        check=is_one_of("trafficType", "ALL"),
    ),
]
