"""Defines the base class of the RDS types."""

from plugins.aws.resource import AwsResource, change_tags, tag_list, tag_map, tag_outputs
from plugins.values import Properties


class RdsResource(AwsResource):
    service = "rds"
    served = frozenset[str]()
    missing = frozenset(
        {"DBInstanceNotFound", "DBInstanceNotFoundFault", "DBParameterGroupNotFound"}
        | {"DBParameterGroupNotFoundFault", "DBSubnetGroupNotFound", "DBSubnetGroupNotFoundFault"}
    )

    def tags_of(self, arn: str) -> Properties:
        return tag_outputs(
            tag_map(self.call("list_tags_for_resource", ResourceName=arn)["TagList"])
        )

    def change_tags(self, state: Properties, inputs: Properties) -> None:
        arn = state["arn"]
        change_tags(
            state,
            inputs,
            lambda tags: self.call("add_tags_to_resource", ResourceName=arn, Tags=tag_list(tags)),
            lambda keys: self.call("remove_tags_from_resource", ResourceName=arn, TagKeys=keys),
        )
