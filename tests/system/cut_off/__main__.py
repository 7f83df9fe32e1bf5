"""Each generation makes all resources anew and removes those of the one before."""

import pulumi

from infra.encryption_key import EncryptionKey, EncryptionKeyArgs
from infra.event_table import EventTable, EventTableArgs
from infra.service_secret import ServiceSecret, ServiceSecretArgs
from infra.subscribed_queue import SubscribedQueue, SubscribedQueueArgs
from infra.topic import Topic, TopicArgs

name = pulumi.Config().require("generation")
key = EncryptionKey(name, EncryptionKeyArgs(account_id="123456789012"))
topic = Topic(name, TopicArgs(kms_key_arn=key.arn))
queue = SubscribedQueue(
    name,
    SubscribedQueueArgs(topic_arn=topic.arn, kms_key_arn=key.arn, alarm_topic_arn=topic.arn),
)
table = EventTable(name, EventTableArgs(deletion_protection=False, kms_key_arn=key.arn))
secret = ServiceSecret(
    name,
    ServiceSecretArgs(namespace="default", labels={"part": "cut-off"}, data={"url": queue.url}),
)
secret.publish(after=[table])
