"""Manages security groups with their rules."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from plugins.aws.resource import AwsResource, change_tags, tag_list, tag_map, tag_outputs
from plugins.resource import AutoName
from plugins.values import Properties

# Sources of a rule: property, list in the API, member of its items.
_SOURCES = (
    ("cidrBlocks", "IpRanges", "CidrIp"),
    ("ipv6CidrBlocks", "Ipv6Ranges", "CidrIpv6"),
    ("prefixListIds", "PrefixListIds", "PrefixListId"),
    ("securityGroups", "UserIdGroupPairs", "GroupId"),
)


class SecurityGroup(AwsResource):
    service = "ec2"
    missing = frozenset({"InvalidGroup.NotFound", "InvalidGroupId.Malformed"})
    served = frozenset(
        {"description", "egress", "ingress", "name", "namePrefix", "revokeRulesOnDelete", "tags"}
        | {"vpcId"}
    )
    replaced_by = frozenset({"description", "name", "namePrefix", "vpcId"})
    defaults = {"description": "Managed by Pulumi", "revokeRulesOnDelete": False}
    computed = frozenset({"egress", "ingress", "vpcId"})
    unreadable = frozenset({"revokeRulesOnDelete"})
    forms = {"egress": "unordered", "ingress": "unordered"}
    auto_name = AutoName(maximum=255)

    def create(self, inputs: Properties) -> str:
        vpc = {"VpcId": inputs["vpcId"]} if inputs.get("vpcId") else {}
        tags = tag_list(inputs.get("tags", {}))
        tagging = [{"ResourceType": "security-group", "Tags": tags}] if tags else []
        answer = self.call(
            "create_security_group",
            GroupName=self.physical_name(inputs),
            Description=inputs["description"],
            TagSpecifications=tagging,
            **vpc,
        )
        return str(answer["GroupId"])

    def complete(self, resource_id: str, inputs: Properties) -> None:
        """Remove the default rule, so that a group has only the rules of the program."""
        default = self._describe(resource_id)["IpPermissionsEgress"]
        self._change("egress", resource_id, default, _permissions(resource_id, inputs, "egress"))
        self._change("ingress", resource_id, [], _permissions(resource_id, inputs, "ingress"))

    def find_outputs(self, resource_id: str, state: Properties) -> Properties | None:
        if self.find("describe_security_groups", GroupIds=[resource_id]) is None:
            return None
        group = self._describe(resource_id)
        return {
            "arn": self.arn("ec2", f"security-group/{resource_id}"),
            "description": group["Description"],
            "egress": _rules(resource_id, group["IpPermissionsEgress"]),
            "ingress": _rules(resource_id, group["IpPermissions"]),
            "name": group["GroupName"],
            "ownerId": group["OwnerId"],
            "vpcId": group.get("VpcId"),
            **tag_outputs(tag_map(group.get("Tags", []))),
        }

    def update(
        self, resource_id: str, state: Properties, inputs: Properties, changed: Collection[str]
    ) -> None:
        for direction in ("egress", "ingress"):
            if direction in changed:
                old, new = (_permissions(resource_id, each, direction) for each in (state, inputs))
                self._change(direction, resource_id, old, new)
        change_tags(
            state,
            inputs,
            lambda tags: self.call("create_tags", Resources=[resource_id], Tags=tag_list(tags)),
            lambda keys: self.call(
                "delete_tags", Resources=[resource_id], Tags=[{"Key": key} for key in keys]
            ),
        )

    def delete(self, resource_id: str, state: Properties) -> None:
        self.find("delete_security_group", GroupId=resource_id)

    def _describe(self, group: str) -> Any:
        return self.call("describe_security_groups", GroupIds=[group])["SecurityGroups"][0]

    def _change(self, direction: str, group: str, old: list[Any], new: list[Any]) -> None:
        for verb, permissions in (
            ("revoke", [each for each in old if each not in new]),
            ("authorize", [each for each in new if each not in old]),
        ):
            if permissions:
                operation = f"{verb}_security_group_{direction}"
                self.call(operation, GroupId=group, IpPermissions=permissions)


def _permissions(group: str, properties: Properties, direction: str) -> list[dict[str, Any]]:
    return [_permission(group, rule) for rule in properties.get(direction) or []]


def _permission(group: str, rule: Mapping[str, Any]) -> dict[str, Any]:
    permission: dict[str, Any] = {"IpProtocol": str(rule["protocol"])}
    if rule["protocol"] != "-1":
        permission |= {"FromPort": rule["fromPort"], "ToPort": rule["toPort"]}
    description = {"Description": rule["description"]} if rule.get("description") else {}
    sources = {**rule}
    if rule.get("self"):
        sources["securityGroups"] = [*rule.get("securityGroups", []), group]
    for name, ranges, member in _SOURCES:
        if sources.get(name):
            permission[ranges] = [{member: source, **description} for source in sources[name]]
    return permission


def _rules(group: str, permissions: Iterable[Mapping[str, Any]]) -> list[Properties]:
    """Return one rule per protocol, port range and description, as the SDK groups them."""
    rules: dict[tuple[Any, ...], dict[str, Any]] = defaultdict(dict)
    for permission in permissions:
        protocol = permission["IpProtocol"]
        ports = permission.get("FromPort", 0), permission.get("ToPort", 0)
        ports = (0, 0) if protocol == "-1" else ports
        for name, ranges, member in _SOURCES:
            for each in permission.get(ranges, []):
                rule = rules[(protocol, *ports, each.get("Description", ""))]
                if each[member] == group:
                    rule["self"] = True
                else:
                    rule[name] = sorted([*rule.get(name, []), each[member]])
    return [
        {"protocol": key[0], "fromPort": key[1], "toPort": key[2], "description": key[3], **rule}
        for key, rule in rules.items()
    ]
