"""Manages SNS topics, their policies and subscriptions."""

import json
from collections.abc import Collection
from typing import Any

from plugins.aws.attributes import Attribute, to_attributes, to_properties
from plugins.aws.resource import AwsResource, change_tags, tag_list, tag_map, tag_outputs
from plugins.resource import AutoName
from plugins.values import Properties

_MISSING = frozenset({"NotFound", "NotFoundException"})


class SnsResource(AwsResource):
    service = "sns"
    served = frozenset[str]()
    missing = _MISSING


class Topic(SnsResource):
    attributes = {
        "contentBasedDeduplication": Attribute("ContentBasedDeduplication", bool),
        "deliveryPolicy": Attribute("DeliveryPolicy"),
        "displayName": Attribute("DisplayName"),
        "fifoTopic": Attribute("FifoTopic", bool),
        "kmsMasterKeyId": Attribute("KmsMasterKeyId"),
        "policy": Attribute("Policy"),
        "signatureVersion": Attribute("SignatureVersion", int),
        "tracingConfig": Attribute("TracingConfig"),
    }
    served = frozenset({*attributes, "name", "namePrefix", "tags"})
    replaced_by = frozenset({"fifoTopic", "name", "namePrefix"})
    defaults = {"contentBasedDeduplication": False, "fifoTopic": False}
    computed = frozenset({"policy", "signatureVersion", "tracingConfig"})
    unreadable = frozenset({"signatureVersion", "tracingConfig"})  # moto does not report them
    forms = {"deliveryPolicy": "document", "policy": "policy"}
    auto_name = AutoName(maximum=256, fifo_property="fifoTopic")

    def create(self, inputs: Properties) -> str:
        request = {name: value for name, value in inputs.items() if value is not False}
        answer = self.call(
            "create_topic",
            Name=self.physical_name(inputs),
            Attributes=to_attributes(self.attributes, request),
            Tags=tag_list(inputs.get("tags", {})),
        )
        return str(answer["TopicArn"])

    def find_created(self, inputs: Properties) -> str | None:
        return self.arn("sns", inputs["name"])

    def find_outputs(self, resource_id: str, state: Properties) -> Properties | None:
        answer = self.find("get_topic_attributes", TopicArn=resource_id)
        if answer is None:
            return None
        tags = self.call("list_tags_for_resource", ResourceArn=resource_id)["Tags"]
        return {
            "contentBasedDeduplication": False,
            "fifoTopic": False,
            "arn": resource_id,
            "name": resource_id.rsplit(":", 1)[1],
            "owner": answer["Attributes"]["Owner"],
            "beginningArchiveTime": "",
            **to_properties(self.attributes, answer["Attributes"]),
            **tag_outputs(tag_map(tags)),
        }

    def update(
        self, resource_id: str, state: Properties, inputs: Properties, changed: Collection[str]
    ) -> None:
        for name, value in to_attributes(self.attributes, inputs, changed).items():
            self.call(
                "set_topic_attributes",
                TopicArn=resource_id,
                AttributeName=name,
                AttributeValue=value,
            )
        change_tags(
            state,
            inputs,
            lambda tags: self.call("tag_resource", ResourceArn=resource_id, Tags=tag_list(tags)),
            lambda keys: self.call("untag_resource", ResourceArn=resource_id, TagKeys=keys),
        )

    def delete(self, resource_id: str, state: Properties) -> None:
        self.find("delete_topic", TopicArn=resource_id)


class TopicPolicy(SnsResource):
    served = frozenset({"arn", "policy"})
    replaced_by = frozenset({"arn"})
    forms = {"policy": "policy"}

    def create(self, inputs: Properties) -> str:
        self._put(inputs["arn"], inputs["policy"])
        return str(inputs["arn"])

    def find_outputs(self, resource_id: str, state: Properties) -> Properties | None:
        answer = self.find("get_topic_attributes", TopicArn=resource_id)
        if answer is None:
            return None
        attributes = answer["Attributes"]
        return {"arn": resource_id, "owner": attributes["Owner"], "policy": attributes["Policy"]}

    def update(
        self, resource_id: str, state: Properties, inputs: Properties, changed: Collection[str]
    ) -> None:
        self._put(resource_id, inputs["policy"])

    def delete(self, resource_id: str, state: Properties) -> None:
        """Restore the default policy, because a topic always has one."""
        answer = self.find("get_topic_attributes", TopicArn=resource_id)
        if answer is not None:
            self._put(resource_id, _owner_only(resource_id, answer["Attributes"]["Owner"]))

    def _put(self, arn: str, policy: Any) -> None:
        text = policy if isinstance(policy, str) else json.dumps(policy)
        self.call("set_topic_attributes", TopicArn=arn, AttributeName="Policy", AttributeValue=text)


class TopicSubscription(SnsResource):
    attributes = {
        "deliveryPolicy": Attribute("DeliveryPolicy"),
        "filterPolicyScope": Attribute("FilterPolicyScope"),  # before the policy, which needs it
        "filterPolicy": Attribute("FilterPolicy"),
        "rawMessageDelivery": Attribute("RawMessageDelivery", bool),
        "redrivePolicy": Attribute("RedrivePolicy"),
        "subscriptionRoleArn": Attribute("SubscriptionRoleArn"),
    }
    served = frozenset(
        {*attributes, "confirmationTimeoutInMinutes", "endpoint", "endpointAutoConfirms"}
        | {"protocol", "topic"}
    )
    replaced_by = frozenset({"endpoint", "protocol", "topic"})
    defaults = {
        "confirmationTimeoutInMinutes": 1,
        "endpointAutoConfirms": False,
        "rawMessageDelivery": False,
    }
    computed = frozenset({"filterPolicyScope"})
    unreadable = frozenset({"confirmationTimeoutInMinutes", "endpointAutoConfirms"})
    forms = {"deliveryPolicy": "document", "filterPolicy": "policy", "redrivePolicy": "document"}

    def create(self, inputs: Properties) -> str:
        answer = self.call(
            "subscribe",
            TopicArn=inputs["topic"],
            Protocol=inputs["protocol"],
            Endpoint=inputs["endpoint"],
            Attributes=to_attributes(self.attributes, inputs),
            ReturnSubscriptionArn=True,
        )
        return str(answer["SubscriptionArn"])

    def find_created(self, inputs: Properties) -> str | None:
        answer = self.find("list_subscriptions_by_topic", TopicArn=inputs["topic"])
        made = [
            each["SubscriptionArn"]
            for each in (answer or {"Subscriptions": []})["Subscriptions"]
            if each["Endpoint"] == inputs["endpoint"]
        ]
        return made[0] if made else None

    def find_outputs(self, resource_id: str, state: Properties) -> Properties | None:
        answer = self.find("get_subscription_attributes", SubscriptionArn=resource_id)
        if answer is None:
            return None
        attributes = answer["Attributes"]
        return {
            "arn": resource_id,
            "topic": attributes["TopicArn"],
            "endpoint": attributes["Endpoint"],
            "protocol": attributes["Protocol"],
            "ownerId": attributes["Owner"],
            "pendingConfirmation": attributes.get("PendingConfirmation") == "true",
            "confirmationWasAuthenticated": attributes.get("ConfirmationWasAuthenticated")
            == "true",
            "rawMessageDelivery": False,
            "filterPolicyScope": "MessageAttributes" if attributes.get("FilterPolicy") else None,
            **to_properties(self.attributes, attributes),
        }

    def update(
        self, resource_id: str, state: Properties, inputs: Properties, changed: Collection[str]
    ) -> None:
        for name, value in to_attributes(self.attributes, inputs, changed).items():
            self.call(
                "set_subscription_attributes",
                SubscriptionArn=resource_id,
                AttributeName=name,
                AttributeValue=value,
            )

    def delete(self, resource_id: str, state: Properties) -> None:
        self.find("unsubscribe", SubscriptionArn=resource_id)


def _owner_only(topic_arn: str, owner: str) -> str:
    actions = ["AddPermission", "DeleteTopic", "GetTopicAttributes", "ListSubscriptionsByTopic"]
    actions += ["Publish", "RemovePermission", "SetTopicAttributes", "Subscribe"]
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [f"SNS:{action}" for action in actions],
        "Resource": topic_arn,
        "Condition": {"StringEquals": {"AWS:SourceOwner": owner}},
    }
    return json.dumps(
        {"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]}
    )
