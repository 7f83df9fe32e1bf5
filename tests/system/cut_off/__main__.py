"""Each generation makes all resources anew and removes those of the one before."""

import pulumi
from herald_infra.encryption_key import EncryptionKey, EncryptionKeyArgs
from herald_infra.service_secret import ServiceSecret, ServiceSecretArgs
from herald_infra.subscribed_queue import SubscribedQueue, SubscribedQueueArgs
from herald_infra.table import Table, TableArgs
from herald_infra.topic import Topic, TopicArgs

name = pulumi.Config().require("generation")
key = EncryptionKey(name, EncryptionKeyArgs(account_id="123456789012"))
topic = Topic(name, TopicArgs(kms_key_arn=key.arn))
queue = SubscribedQueue(
    name,
    SubscribedQueueArgs(topic_arn=topic.arn, kms_key_arn=key.arn, alarm_topic_arn=topic.arn),
)
table = Table(name, TableArgs(hash_key="id", deletion_protection=False, kms_key_arn=key.arn))
secret = ServiceSecret(
    name,
    ServiceSecretArgs(namespace="default", labels={"part": "cut-off"}, data={"url": queue.url}),
)
secret.publish(after=[table])
