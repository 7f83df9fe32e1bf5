"""Manages SQS queues and their policies."""

import json
import threading
import time
from collections.abc import Collection, Mapping
from typing import Any

from plugins.aws.attributes import Attribute, to_attributes, to_properties
from plugins.aws.resource import AwsResource, change_tags, tag_outputs
from plugins.errors import RefusedByService
from plugins.resource import AutoName
from plugins.values import Properties

_DEFAULTS = {
    "contentBasedDeduplication": False,
    "delaySeconds": 0,
    "fifoQueue": False,
    "maxMessageSize": 262144,
    "messageRetentionSeconds": 345600,
    "receiveWaitTimeSeconds": 0,
    "visibilityTimeoutSeconds": 30,
}
# The emulator drops the policy of a queue when another attribute changes. The lock makes reading
# and writing the policy one step.
_policy_lock = threading.Lock()
_DELETED_RECENTLY = "AWS.SimpleQueueService.QueueDeletedRecently"
_CREATION = 70  # seconds; SQS reserves the name of a deleted queue for 60


class SqsResource(AwsResource):
    service = "sqs"
    served = frozenset[str]()
    missing = frozenset({"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"})

    def attributes_of(self, url: str) -> dict[str, Any] | None:
        answer = self.find("get_queue_attributes", QueueUrl=url, AttributeNames=["All"])
        return None if answer is None else answer.get("Attributes", {})

    def set_attributes(self, url: str, attributes: Mapping[str, str]) -> None:
        with _policy_lock:
            policy = (self.attributes_of(url) or {}).get("Policy")
            kept = {"Policy": policy} if policy and "Policy" not in attributes else {}
            self.call("set_queue_attributes", QueueUrl=url, Attributes={**kept, **attributes})


class Queue(SqsResource):
    attributes = {
        "contentBasedDeduplication": Attribute("ContentBasedDeduplication", bool),
        "deduplicationScope": Attribute("DeduplicationScope"),
        "delaySeconds": Attribute("DelaySeconds", int),
        "fifoQueue": Attribute("FifoQueue", bool),
        "fifoThroughputLimit": Attribute("FifoThroughputLimit"),
        "kmsDataKeyReusePeriodSeconds": Attribute("KmsDataKeyReusePeriodSeconds", int),
        "kmsMasterKeyId": Attribute("KmsMasterKeyId"),
        "maxMessageSize": Attribute("MaximumMessageSize", int),
        "messageRetentionSeconds": Attribute("MessageRetentionPeriod", int),
        "policy": Attribute("Policy"),
        "receiveWaitTimeSeconds": Attribute("ReceiveMessageWaitTimeSeconds", int),
        "redriveAllowPolicy": Attribute("RedriveAllowPolicy"),
        "redrivePolicy": Attribute("RedrivePolicy"),
        "sqsManagedSseEnabled": Attribute("SqsManagedSseEnabled", bool),
        "visibilityTimeoutSeconds": Attribute("VisibilityTimeout", int),
    }
    served = frozenset({*attributes, "name", "namePrefix", "tags"})
    replaced_by = frozenset({"fifoQueue", "name", "namePrefix"})
    defaults = _DEFAULTS
    computed = frozenset(
        {"deduplicationScope", "fifoThroughputLimit", "kmsDataKeyReusePeriodSeconds", "policy"}
        | {"redriveAllowPolicy", "redrivePolicy", "sqsManagedSseEnabled"}
    )
    unreadable = frozenset({"redriveAllowPolicy"})  # moto does not report it
    forms = {"policy": "policy", "redriveAllowPolicy": "policy", "redrivePolicy": "document"}
    auto_name = AutoName(maximum=80, fifo_property="fifoQueue")
    conflicts = (
        frozenset({"name", "namePrefix"}),
        frozenset({"kmsMasterKeyId", "sqsManagedSseEnabled"}),
    )

    def create(self, inputs: Properties) -> str:
        request = {name: value for name, value in inputs.items() if value is not False}
        name, deadline = self.physical_name(inputs), time.monotonic() + _CREATION
        while True:
            try:
                answer = self.call(
                    "create_queue",
                    QueueName=name,
                    Attributes=to_attributes(self.attributes, request),
                    tags=inputs.get("tags", {}),
                )
                return str(answer["QueueUrl"])
            except RefusedByService as error:
                if error.code != _DELETED_RECENTLY or time.monotonic() > deadline:
                    raise
            time.sleep(1)

    def find_created(self, inputs: Properties) -> str | None:
        answer = self.find("get_queue_url", QueueName=inputs["name"])
        return None if answer is None else str(answer["QueueUrl"])

    def find_outputs(self, resource_id: str, state: Properties) -> Properties | None:
        attributes = self.attributes_of(resource_id)
        if attributes is None:
            return None
        return {
            "contentBasedDeduplication": False,
            "fifoQueue": False,
            "kmsDataKeyReusePeriodSeconds": 300,
            "arn": attributes["QueueArn"],
            "name": attributes["QueueArn"].rsplit(":", 1)[1],
            "url": resource_id,
            **to_properties(self.attributes, attributes),
            **tag_outputs(self.call("list_queue_tags", QueueUrl=resource_id).get("Tags", {})),
        }

    def update(
        self, resource_id: str, state: Properties, inputs: Properties, changed: Collection[str]
    ) -> None:
        attributes = to_attributes(self.attributes, inputs, changed)
        if attributes:
            self.set_attributes(resource_id, attributes)
        change_tags(
            state,
            inputs,
            lambda tags: self.call("tag_queue", QueueUrl=resource_id, Tags=tags),
            lambda keys: self.call("untag_queue", QueueUrl=resource_id, TagKeys=keys),
        )

    def delete(self, resource_id: str, state: Properties) -> None:
        self.find("delete_queue", QueueUrl=resource_id)


class QueuePolicy(SqsResource):
    served = frozenset({"policy", "queueUrl"})
    replaced_by = frozenset({"queueUrl"})
    forms = {"policy": "policy"}
    attribute = ("policy", "Policy")

    def create(self, inputs: Properties) -> str:
        self._put(inputs["queueUrl"], inputs[self.attribute[0]])
        return str(inputs["queueUrl"])

    def find_outputs(self, resource_id: str, state: Properties) -> Properties | None:
        attributes = self.attributes_of(resource_id)
        if not attributes or not attributes.get("Policy"):
            return None
        return {"queueUrl": resource_id, "policy": attributes["Policy"]}

    def update(
        self, resource_id: str, state: Properties, inputs: Properties, changed: Collection[str]
    ) -> None:
        self._put(resource_id, inputs[self.attribute[0]])

    def delete(self, resource_id: str, state: Properties) -> None:
        if self.attributes_of(resource_id) is not None:
            self._put(resource_id, "")

    def _put(self, url: str, document: Any) -> None:
        text = document if isinstance(document, str) else json.dumps(document)
        self.set_attributes(url, {self.attribute[1]: text})


class RedriveAllowPolicy(QueuePolicy):
    served = frozenset({"queueUrl", "redriveAllowPolicy"})
    unreadable = frozenset({"redriveAllowPolicy"})  # moto does not report it
    forms = {"redriveAllowPolicy": "policy"}
    attribute = ("redriveAllowPolicy", "RedriveAllowPolicy")

    def find_outputs(self, resource_id: str, state: Properties) -> Properties | None:
        attributes = self.attributes_of(resource_id)
        if attributes is None:
            return None
        policy = attributes.get("RedriveAllowPolicy")
        return {"queueUrl": resource_id, "redriveAllowPolicy": policy or None}
