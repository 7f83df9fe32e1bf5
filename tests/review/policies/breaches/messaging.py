"""Topics and queues."""

from tests.review.policies.breaches.breach import ABSENT, ANYONE, Breach
from tests.review.policies.sound_resources import SERVICE, admit, deny_plain, document

TOPIC = "aws:sns/topic:Topic"
TOPIC_POLICY = "aws:sns/topicPolicy:TopicPolicy"
SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"
QUEUE = "aws:sqs/queue:Queue"
QUEUE_POLICY = "aws:sqs/queuePolicy:QueuePolicy"
ANY_ACCOUNT = "statement Admit admits sns.amazonaws.com for any account; add aws:SourceAccount"
NOT_DENIED = 'no statement denies everyone when aws:SecureTransport is "false"'
OPEN_SERVICE = admit({"Service": "sns.amazonaws.com"})


MESSAGING = [
    Breach("topic-encrypted", TOPIC, {"kmsMasterKeyId": ABSENT}, "kmsMasterKeyId is missing"),
    Breach(
        "topic-not-public",
        TOPIC_POLICY,
        {"policy": document(admit("*"), deny_plain("sns:Publish"))},
        ANYONE,
    ),
    Breach(
        "topic-not-public",
        TOPIC_POLICY,
        {
            "policy": document(
                admit({"AWS": ["*"]}, Condition={"Bool": {"aws:SecureTransport": "true"}})
            )
        },
        ANYONE,
    ),
    Breach(
        "topic-services-of-this-account",
        TOPIC_POLICY,
        {"policy": document(OPEN_SERVICE)},
        ANY_ACCOUNT,
    ),
    Breach("topic-tls-only", TOPIC_POLICY, {"policy": document(SERVICE)}, NOT_DENIED),
    Breach(
        "subscription-tls-only",
        SUBSCRIPTION,
        {"protocol": "http"},
        "protocol is http; expected https, sqs, lambda or email",
    ),
    Breach(
        "subscription-has-dead-letters",
        SUBSCRIPTION,
        {"redrivePolicy": ABSENT},
        "redrivePolicy is missing for protocol sqs",
    ),
    Breach(
        "queue-encrypted",
        QUEUE,
        {"kmsMasterKeyId": ABSENT},
        "kmsMasterKeyId is missing and sqsManagedSseEnabled is not true",
    ),
    Breach(
        "queue-has-dead-letters",
        QUEUE,
        {"redrivePolicy": ABSENT},
        "redrivePolicy is missing; give it a queue that ends in -dead-letters",
    ),
    Breach(
        "dead-letters-kept-longest",
        QUEUE,
        {"messageRetentionSeconds": 345600},
        "messageRetentionSeconds is 345600; expected 1209600, the 14 days SQS allows",
        name="event-dead-letters",
    ),
    Breach(
        "dead-letters-by-queue",
        "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy",
        {"redriveAllowPolicy": '{"redrivePermission": "allowAll"}'},
        'redriveAllowPolicy is {"redrivePermission": "allowAll"}; '
        "expected redrivePermission byQueue",
    ),
    Breach("queue-not-public", QUEUE_POLICY, {"policy": document(admit("*"))}, ANYONE),
    Breach(
        "queue-services-of-this-account",
        QUEUE_POLICY,
        {"policy": document(OPEN_SERVICE)},
        ANY_ACCOUNT,
    ),
    Breach("queue-tls-only", QUEUE_POLICY, {"policy": document(SERVICE)}, NOT_DENIED),
]
