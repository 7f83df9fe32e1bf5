"""Creates the encryption key of stored data, and the topic of alarms."""

from herald_infra.encryption_key import EncryptionKey, EncryptionKeyArgs
from herald_infra.topic import PROMETHEUS, Topic, TopicArgs
from pulumi_aws import sns

from stacks.config.stack import StackConfig

ALARMING = ["cloudwatch.amazonaws.com", PROMETHEUS]  # alarms, and alerts of Prometheus


def encryption_key(config: StackConfig) -> EncryptionKey:
    """Create a key for messages, rows and logs; AWS services cannot use AWS-managed keys."""
    publishers = ["sns.amazonaws.com", "ses.amazonaws.com", *ALARMING]
    return EncryptionKey(
        f"{config.prefix}messages",
        EncryptionKeyArgs(
            account_id=config.account,
            services=publishers,
            logs_region=config.region,
            keep=config.database.rds is not None,  # the final snapshot needs it
        ),
    )


def alarm_topic(config: StackConfig, key: EncryptionKey) -> Topic:
    alarms = Topic(
        f"{config.prefix}alarms",
        TopicArgs(kms_key_arn=key.arn, publishers=ALARMING),
    )
    for address in config.alarm_emails:
        sns.TopicSubscription(
            f"{config.prefix}alarms-{address}",
            topic=alarms.arn,
            protocol="email",
            endpoint=address,
        )
    return alarms
