"""Manages RDS parameter groups and subnet groups."""

from collections.abc import Collection

from plugins.aws.rds_instance import Instance
from plugins.aws.rds_resource import RdsResource
from plugins.aws.resource import tag_list
from plugins.resource import AutoName
from plugins.values import Properties

__all__ = ["Instance", "ParameterGroup", "SubnetGroup"]


class ParameterGroup(RdsResource):
    served = frozenset(
        {"description", "family", "name", "namePrefix", "parameters", "skipDestroy", "tags"}
    )
    replaced_by = frozenset({"description", "family", "name", "namePrefix"})
    defaults = {"description": "Managed by Pulumi", "skipDestroy": False}
    unreadable = frozenset({"skipDestroy"})
    forms = {"parameters": "unordered"}
    auto_name = AutoName(maximum=255, lower_case=True)

    def create(self, inputs: Properties) -> str:
        name = self.physical_name(inputs)
        self.call(
            "create_db_parameter_group",
            DBParameterGroupName=name,
            DBParameterGroupFamily=inputs["family"],
            Description=inputs["description"],
            Tags=tag_list(inputs.get("tags", {})),
        )
        return name

    def complete(self, resource_id: str, inputs: Properties) -> None:
        self._put(resource_id, inputs.get("parameters", []))

    def prepare(self, inputs: Properties) -> Properties:
        """Apply parameters at once, unless the program sets another method."""
        inputs = super().prepare(inputs)
        if not isinstance(inputs.get("parameters"), list):
            return inputs
        return {
            **inputs,
            "parameters": [
                {"applyMethod": "immediate", **each} if isinstance(each, dict) else each
                for each in inputs["parameters"]
            ],
        }

    def find_outputs(self, resource_id: str, state: Properties) -> Properties | None:
        answer = self.find("describe_db_parameter_groups", DBParameterGroupName=resource_id)
        if not answer or not answer["DBParameterGroups"]:
            return None
        group = answer["DBParameterGroups"][0]
        arn = group["DBParameterGroupArn"]
        return {
            "arn": arn,
            "description": group["Description"],
            "family": group["DBParameterGroupFamily"],
            "name": resource_id,
            "parameters": self._parameters(resource_id),
            **self.tags_of(arn),
        }

    def update(
        self, resource_id: str, state: Properties, inputs: Properties, changed: Collection[str]
    ) -> None:
        if "parameters" in changed:
            self._change(resource_id, state.get("parameters", []), inputs.get("parameters", []))
        self.change_tags(state, inputs)

    def delete(self, resource_id: str, state: Properties) -> None:
        if not state.get("skipDestroy"):
            self.find("delete_db_parameter_group", DBParameterGroupName=resource_id)

    def _parameters(self, name: str) -> list[Properties]:
        answer = self.call("describe_db_parameters", DBParameterGroupName=name, Source="user")
        return [
            {
                "applyMethod": each.get("ApplyMethod", "immediate"),
                "name": each["ParameterName"],
                "value": each["ParameterValue"],
            }
            for each in answer["Parameters"]
            if each.get("ParameterValue") not in (None, "")
        ]

    def _change(self, name: str, old: list[Properties], new: list[Properties]) -> None:
        kept = {each["name"] for each in new}
        gone = [each for each in old if each["name"] not in kept]
        if gone:
            self.call(
                "reset_db_parameter_group",
                DBParameterGroupName=name,
                Parameters=[_parameter(each) for each in gone],
            )
        self._put(name, [each for each in new if each not in old])

    def _put(self, name: str, parameters: list[Properties]) -> None:
        if parameters:
            self.call(
                "modify_db_parameter_group",
                DBParameterGroupName=name,
                Parameters=[_parameter(each) for each in parameters],
            )


class SubnetGroup(RdsResource):
    served = frozenset({"description", "name", "namePrefix", "subnetIds", "tags"})
    replaced_by = frozenset({"name", "namePrefix"})
    defaults = {"description": "Managed by Pulumi"}
    forms = {"subnetIds": "unordered"}
    auto_name = AutoName(maximum=255, lower_case=True)

    def create(self, inputs: Properties) -> str:
        name = self.physical_name(inputs)
        self._make(name, inputs)
        return name

    def find_outputs(self, resource_id: str, state: Properties) -> Properties | None:
        answer = self.find("describe_db_subnet_groups", DBSubnetGroupName=resource_id)
        if not answer or not answer["DBSubnetGroups"]:
            return None
        group = answer["DBSubnetGroups"][0]
        return {
            "arn": group["DBSubnetGroupArn"],
            "description": group["DBSubnetGroupDescription"],
            "name": resource_id,
            "subnetIds": [each["SubnetIdentifier"] for each in group["Subnets"]],
            "supportedNetworkTypes": group.get("SupportedNetworkTypes", ["IPV4"]),
            "vpcId": group["VpcId"],
            **self.tags_of(group["DBSubnetGroupArn"]),
        }

    def update(
        self, resource_id: str, state: Properties, inputs: Properties, changed: Collection[str]
    ) -> None:
        if {"description", "subnetIds"} & {*changed}:
            self.call(
                "modify_db_subnet_group",
                DBSubnetGroupName=resource_id,
                DBSubnetGroupDescription=inputs["description"],
                SubnetIds=inputs["subnetIds"],
            )
        # The emulator deletes a group that it modifies.
        if self.find("describe_db_subnet_groups", DBSubnetGroupName=resource_id) is None:
            self._make(resource_id, inputs)
        self.change_tags(state, inputs)

    def delete(self, resource_id: str, state: Properties) -> None:
        self.find("delete_db_subnet_group", DBSubnetGroupName=resource_id)

    def _make(self, name: str, inputs: Properties) -> None:
        self.call(
            "create_db_subnet_group",
            DBSubnetGroupName=name,
            DBSubnetGroupDescription=inputs["description"],
            SubnetIds=inputs["subnetIds"],
            Tags=tag_list(inputs.get("tags", {})),
        )


def _parameter(parameter: Properties) -> dict[str, str]:
    return {
        "ApplyMethod": parameter["applyMethod"],
        "ParameterName": parameter["name"],
        "ParameterValue": parameter["value"],
    }
