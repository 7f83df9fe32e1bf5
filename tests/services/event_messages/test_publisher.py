from typing import Any
from uuid import UUID

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from event_messages.event import Event
from event_messages.failures import describe
from event_messages.publisher import (
    ATTEMPTS,
    Failed,
    Outgoing,
    Publisher,
)
from event_messages.topic import BATCH_BYTES

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def outgoing(user_id: str = "u1", size: int = 0, type: str = "reminder:created") -> Outgoing:
    return Outgoing(Event.new(type, user_id, {"text": "x" * size}))


class RecordingTopic:
    """Remembers each call; answers what it was told to, then accepts all."""

    def __init__(self, *answers: Any) -> None:
        self.calls: list[list[Any]] = []
        self.answers = list(answers)

    def publish_batch(
        self, *, TopicArn: str, PublishBatchRequestEntries: list[Any]
    ) -> dict[str, Any]:
        self.calls.append(PublishBatchRequestEntries)
        answer = self.answers.pop(0) if self.answers else {}
        if isinstance(answer, Exception):
            raise answer
        return dict(answer)

    def ids(self) -> list[list[UUID]]:
        return [[Event.from_json(entry["Message"]).id for entry in call] for call in self.calls]


def publisher(topic: RecordingTopic, pauses: list[float] | None = None) -> Publisher:
    sleep = pauses.append if pauses is not None else lambda seconds: None
    return Publisher(topic, "arn:topic", sleep=sleep)


def test_events_reach_queues_by_filter(transport: Any) -> None:
    wanted = [outgoing(f"u{number}") for number in range(25)]
    other = outgoing(type="device:removed")
    publishing = transport.publisher()
    assert publishing.publish([*wanted, other]) == []
    publishing.close()
    assert sorted(transport.waiting()) == sorted(one.event.to_json() for one in wanted)


def test_largest_accepted_event_is_published(transport: Any) -> None:
    base = outgoing()
    size = len(base.event.to_json()) + sum(
        len(name) + len("String") + len(value["StringValue"])
        for name, value in base.attributes.items()
    )
    largest = outgoing(size=BATCH_BYTES - size)
    assert transport.publisher().publish([largest]) == []
    assert transport.waiting() == [largest.event.to_json()]
    larger = outgoing(size=BATCH_BYTES - size + 1)
    assert transport.publisher().publish([larger]) == [
        Failed(larger, f"{BATCH_BYTES + 1} bytes; a topic accepts {BATCH_BYTES}", permanent=True)
    ]


def test_message_carries_filter_attributes_and_trace() -> None:
    event = Event.new("reminder:created", "u1", {})
    assert {
        name: value["StringValue"]
        for name, value in Outgoing(event, TRACEPARENT).attributes.items()
    } == {
        "eventItemType": "reminder",
        "eventType": "reminder:created",
        "userId": "u1",
        "traceparent": TRACEPARENT,
    }
    assert "traceparent" not in Outgoing(event).attributes


def test_batches_are_limited_in_size() -> None:
    topic = RecordingTopic()
    small = [outgoing() for _ in range(12)]
    large = [outgoing(size=100_000) for _ in range(3)]
    assert publisher(topic).publish([*small, *large]) == []
    assert [len(call) for call in topic.calls] == [10, 4, 1]


def test_events_of_user_keep_their_order() -> None:
    topic = RecordingTopic()
    messages = [outgoing(f"u{number % 7}") for number in range(100)]
    assert publisher(topic).publish(messages) == []
    published = [id for call in topic.ids() for id in call]
    assert sorted(published) == [one.event.id for one in messages]
    for user in range(7):
        mine = {one.event.id for one in messages if one.event.user_id == f"u{user}"}
        own = [id for id in published if id in mine]
        assert own == sorted(own)


def test_only_failed_entries_are_retried() -> None:
    topic = RecordingTopic({"Failed": [{"Id": "1", "Code": "InternalError", "SenderFault": False}]})
    first, second, third = messages = [outgoing() for _ in range(3)]
    pauses: list[float] = []
    assert publisher(topic, pauses).publish(messages) == []
    assert topic.ids() == [[first.event.id, second.event.id, third.event.id], [second.event.id]]
    assert len(pauses) == 1
    assert 0 <= pauses[0] <= 0.1


def test_sender_fault_is_permanent_at_once() -> None:
    failure = {"Id": "0", "Code": "InvalidParameter", "Message": "bad", "SenderFault": True}
    topic = RecordingTopic({"Failed": [failure]})
    message = outgoing()
    assert publisher(topic).publish([message]) == [
        Failed(message, "InvalidParameter: bad", permanent=True)
    ]
    assert len(topic.calls) == 1


def test_failing_entry_does_not_block_others() -> None:
    refusal = {"Failed": [{"Id": "0", "Code": "Throttled", "Message": "slow down"}]}
    topic = RecordingTopic(*[refusal] * ATTEMPTS)
    messages = [outgoing() for _ in range(11)]
    failed = publisher(topic).publish(messages)
    assert failed == [Failed(messages[0], "Throttled: slow down")]
    assert [len(call) for call in topic.calls] == [10, 1, 1, 1, 1]


def test_unreachable_topic_fails_all_after_attempts() -> None:
    lost = EndpointConnectionError(endpoint_url="http://topic")
    topic = RecordingTopic(*[lost] * ATTEMPTS)
    messages = [outgoing(), outgoing()]
    assert publisher(topic).publish(messages) == [Failed(one, describe(lost)) for one in messages]
    assert len(topic.calls) == ATTEMPTS


def test_short_outage_is_not_noticed(memory: Any) -> None:
    memory.topic.outages = ATTEMPTS - 1
    message = outgoing()
    memory.topic.refuse = {str(message.event.id)}
    failed = memory.publisher().publish([message])
    assert [failure.entry for failure in failed] == [message]  # the last attempt was refused
    assert memory.publisher().publish([message]) == []
    assert memory.topic.events == [message.event]


def test_empty_batch_publishes_nothing() -> None:
    topic = RecordingTopic()
    assert publisher(topic).publish([]) == []
    assert topic.calls == []


@pytest.mark.parametrize("lanes", [1, 8])
def test_every_lane_reports_its_failures(lanes: int) -> None:
    large = [outgoing(f"u{number}", size=BATCH_BYTES) for number in range(20)]
    failed = Publisher(RecordingTopic(), "arn:topic", lanes=lanes).publish(large)
    assert {failure.entry.event.id for failure in failed} == {one.event.id for one in large}
    assert all(failure.permanent for failure in failed)


def test_silent_topic_is_abandoned_after_batch() -> None:
    """So a relay knows within its time to live, however much one user has waiting."""
    lost = EndpointConnectionError(endpoint_url="http://topic")
    topic = RecordingTopic(*[lost] * 100)
    waiting = [outgoing() for _ in range(100)]
    failed = publisher(topic).publish(waiting)
    assert [one.entry for one in failed] == waiting
    assert not any(one.permanent for one in failed)
    assert len(topic.calls) == ATTEMPTS


INVALID = ClientError({"Error": {"Code": "InvalidParameter", "Message": "no"}}, "PublishBatch")


def test_invalid_event_of_batch_is_found() -> None:
    first, bad, last = messages = [outgoing() for _ in range(3)]
    topic = RecordingTopic(INVALID, {}, INVALID)
    assert publisher(topic).publish(messages) == [Failed(bad, describe(INVALID), permanent=True)]
    assert topic.ids()[1:] == [[one.event.id] for one in messages]


def test_search_ends_when_topic_falls_silent() -> None:
    lost = EndpointConnectionError(endpoint_url="http://topic")
    messages = [outgoing() for _ in range(3)]
    topic = RecordingTopic(INVALID, *[lost] * ATTEMPTS)
    assert publisher(topic).publish(messages) == [Failed(one, describe(lost)) for one in messages]
    assert [len(call) for call in topic.calls] == [3, 1, 3, 3, 3]


def test_refused_batch_does_not_block_others() -> None:
    refusal = ClientError({"Error": {"Code": "InternalError"}}, "PublishBatch")
    topic = RecordingTopic(*[refusal] * ATTEMPTS)
    waiting = [outgoing() for _ in range(20)]
    assert [one.entry for one in publisher(topic).publish(waiting)] == waiting[:10]
