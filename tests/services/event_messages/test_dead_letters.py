"""Why messages failed, told with them; against queues in memory and the emulator."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from event_messages.contract import data_of
from event_messages.dead_letters import max_receives, reason_of
from event_messages.errors import MalformedEvent, Refused, RetryLater, UnknownEvent
from event_messages.event import Event
from event_messages.pace import Pace
from event_messages.publisher import Outgoing
from event_messages.received import Handled

from tests.services.event_messages.fakes import InMemoryQueue
from tests.waiting import eventually

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
REFUSAL = UnknownEvent("no action for reminder:paused")
MAX_RECEIVES = 3


def event(user_id: str = "u1") -> Event:
    return Event.new("reminder:created", user_id, {})


def refuse(event: Event) -> None:
    raise REFUSAL


def told(message: dict[str, Any]) -> dict[str, str]:
    return {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}


class Troubled:
    """A queue that fails to take some dead letters; `fail` sees each batch first."""

    def __init__(self, queue: Any, fail: Callable[[list[Any]], dict[str, Any] | None]) -> None:
        self._queue, self._fail = queue, fail
        self.batches: list[int] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._queue, name)

    def send_message_batch(self, *, QueueUrl: str, Entries: list[Any]) -> dict[str, Any]:
        self.batches.append(len(Entries))
        if answer := self._fail(Entries):
            return answer
        return dict(self._queue.send_message_batch(QueueUrl=QueueUrl, Entries=Entries))


def test_rejected_message_moves_whole_at_once(transport: Any) -> None:
    sent = event()
    transport.publisher().publish([Outgoing(sent, TRACEPARENT)])
    before = datetime.now(UTC).isoformat(timespec="milliseconds")
    with transport.consumer(refuse):
        eventually(transport.dead)
    [letter] = transport.dead_letters()
    attributes = told(letter)
    failed_at = attributes.pop("failedAt")
    assert before <= failed_at <= datetime.now(UTC).isoformat(timespec="milliseconds")
    assert attributes == {
        "eventItemType": "reminder",
        "eventType": "reminder:created",
        "userId": "u1",
        "traceparent": TRACEPARENT,
        "failureReason": "UnknownEvent: no action for reminder:paused",
        "failedBy": "event-service",
    }
    assert letter["Body"] == sent.to_json()
    assert transport.waiting() == []


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (RetryLater("the provider is busy"), "Gave up: the provider is busy"),
        (KeyError("ada@example.org"), "KeyError in test_dead_letters.py:"),
    ],
)
def test_last_permitted_failure_is_recorded(transport: Any, error: Exception, reason: str) -> None:
    seen: list[Handled] = []

    def handle(event: Event) -> None:
        raise error

    transport.send(event().to_json())
    with transport.consumer(handle, observe=seen.append):
        eventually(transport.dead)
    assert [one.outcome for one in seen] == ["retried", "retried", "failed"]
    [letter] = transport.dead_letters()
    assert told(letter)["failureReason"].startswith(reason)
    assert "ada" not in told(letter)["failureReason"]
    assert transport.waiting() == []


def stop_while_one_waits(transport: Any) -> tuple[str, Handled]:
    """One message hangs until the grace period is over; what became of the one behind it."""
    begun: list[Event] = []
    seen: list[Handled] = []
    started, release = threading.Event(), threading.Event()

    def hang(event: Event) -> None:
        begun.append(event)
        started.set()
        release.wait(120)

    pace = Pace(threads=1, wait=1, visibility=30, grace=0.3)
    with transport.consumer(hang, observe=seen.append, pace=pace) as consumer:
        assert started.wait(15)
        time.sleep(0.3)  # for the other to be received
        consumer.stop()
        eventually(lambda: len(seen) == 1)
    release.set()
    eventually(lambda: len(seen) == 2)
    assert len(begun) == 1
    return begun[0].to_json(), seen[0]


def test_waiting_last_receive_records_reason(transport: Any) -> None:
    for user in ("u1", "u2"):
        transport.send(event(user).to_json())
    for _ in range(MAX_RECEIVES - 1):
        transport.receive_and_give_back()
    hung, left = stop_while_one_waits(transport)
    reason = "the consumer stopped before it handled this message"
    assert (left.outcome, left.reason) == ("failed", reason)
    [letter] = transport.dead_letters()
    assert letter["Body"] == left.message.body != hung
    assert told(letter)["failureReason"] == f"Gave up: {reason}"


def test_waiting_earlier_receive_is_released(
    transport: Any,
) -> None:
    for user in ("u1", "u2"):
        transport.send(event(user).to_json())
    hung, left = stop_while_one_waits(transport)
    assert (left.outcome, left.reason) == ("released", "the consumer is stopping")
    shown = transport.queue.receive_message(QueueUrl=transport.queue_url, MaxNumberOfMessages=10)
    assert [message["Body"] for message in shown["Messages"]] == [left.message.body] != [hung]
    assert transport.dead() == []


def test_earlier_reason_is_replaced(transport: Any) -> None:
    transport.send(
        event().to_json(), failureReason="old", failedAt="old", failedBy="old", userId="u1"
    )
    with transport.consumer(refuse):
        eventually(transport.dead)
    [letter] = transport.dead_letters()
    attributes = told(letter)
    assert attributes.keys() == {"userId", "failureReason", "failedAt", "failedBy"}
    assert "old" not in attributes.values()


@pytest.mark.parametrize(
    ("own", "added"),
    [
        (7, {"failureReason", "failedAt", "failedBy"}),
        (9, {"failureReason"}),
        (10, set()),
    ],
)
def test_attributes_survive_without_room_for_reason(
    transport: Any, own: int, added: set[str]
) -> None:
    names = {f"own{number}" for number in range(own)}
    transport.send(event().to_json(), **dict.fromkeys(names, "kept"))
    with transport.consumer(refuse):
        eventually(transport.dead)
    [letter] = transport.dead_letters()
    assert told(letter).keys() == names | added


def test_many_move_once_in_batches(transport: Any) -> None:
    events = [event(f"u{number}") for number in range(25)]
    for one in events:
        transport.send(one.to_json())
    troubled = Troubled(transport.queue, lambda entries: None)
    with replace(transport, queue=troubled).consumer(refuse):
        eventually(lambda: sum(troubled.batches) == 25)
    assert sorted(transport.dead()) == sorted(one.to_json() for one in events)
    assert max(troubled.batches) <= 10
    assert len(troubled.batches) < 25
    assert transport.waiting() == []


def test_large_ones_go_one_by_one(memory: Any) -> None:
    large = {"text": "x" * 60_000}
    for _ in range(6):
        memory.send(Event.new("reminder:created", "u1", large).to_json())
    troubled = Troubled(memory.queue, lambda entries: None)
    with replace(memory, queue=troubled).consumer(refuse):
        eventually(lambda: len(memory.dead()) == 6)
    assert max(troubled.batches) <= 4


def test_rest_of_partial_batch_is_resent(transport: Any) -> None:
    refused: list[str] = []

    def take_all_but_the_first(entries: list[Any]) -> dict[str, Any] | None:
        if refused:
            return None
        refused.append(entries[0]["MessageBody"])
        rest = entries[1:]
        if rest:
            transport.queue.send_message_batch(QueueUrl=transport.dead_letters_url, Entries=rest)
        failed = {"Id": entries[0]["Id"], "Code": "InternalError", "SenderFault": False}
        return {"Failed": [failed]}

    events = [event(f"u{number}") for number in range(5)]
    for one in events:
        transport.send(one.to_json())
    troubled = Troubled(transport.queue, take_all_but_the_first)
    with replace(transport, queue=troubled).consumer(refuse):
        eventually(lambda: len(transport.dead()) == 5)
    assert sorted(transport.dead()) == sorted(one.to_json() for one in events)
    assert transport.waiting() == []


@pytest.mark.parametrize("sender_fault", [True, False])
def test_unsendable_messages_stay_in_queue(transport: Any, sender_fault: bool) -> None:
    seen: list[Handled] = []

    def fail(entries: list[Any]) -> dict[str, Any]:
        if not sender_fault:
            raise ConnectionError("500")
        return {"Failed": [{"Id": one["Id"], "SenderFault": True} for one in entries]}

    sent = event()
    transport.send(sent.to_json())
    troubled = Troubled(transport.queue, fail)
    with replace(transport, queue=troubled).consumer(refuse, observe=seen.append):
        eventually(lambda: transport.dead() == [sent.to_json()])
    assert [one.outcome for one in seen] == ["refused"] * MAX_RECEIVES
    [letter] = transport.dead_letters()
    assert "failureReason" not in letter.get("MessageAttributes", {})
    assert transport.waiting() == []


def test_hanging_dead_letter_queue_blocks_nothing(memory: Any) -> None:
    handled: list[str] = []
    asked, release = threading.Event(), threading.Event()

    def hang(entries: list[Any]) -> None:
        asked.set()
        release.wait(120)

    def handle(event: Event) -> None:
        if event.user_id == "poison":
            raise REFUSAL
        handled.append(event.user_id)

    memory.send(event("poison").to_json())
    with replace(memory, queue=Troubled(memory.queue, hang)).consumer(handle):
        asked.wait(5)
        for number in range(30):
            memory.send(event(f"u{number}").to_json())
        eventually(lambda: len(handled) == 30)
        eventually(lambda: len(memory.queue) == 1)  # all but the poison is deleted
        release.set()
    assert len(memory.dead()) == 1


def test_undeleted_moved_message_is_not_handled(
    memory: Any,
) -> None:
    class Forgetful(Troubled):
        deletions = 0

        def delete_message_batch(self, *, QueueUrl: str, Entries: list[Any]) -> dict[str, Any]:
            self.deletions += 1
            if self.deletions > 4:  # every attempt of the first settlement fails
                return dict(memory.queue.delete_message_batch(QueueUrl=QueueUrl, Entries=Entries))
            raise ConnectionError("500")

    pace = Pace(threads=4, wait=1, visibility=1, grace=5)
    memory.send(event().to_json())
    forgetful = Forgetful(memory.queue, lambda entries: None)
    with replace(memory, queue=forgetful).consumer(refuse, pace=pace):
        eventually(lambda: len(memory.dead()) == 2)
        eventually(lambda: len(memory.queue) == 0)
    first, second = memory.dead()
    assert first == second


def test_queue_without_dead_letters_retries_forever() -> None:
    queue = InMemoryQueue()
    assert max_receives(queue, queue.url) > 10**9


def test_queue_reports_its_receive_limit(transport: Any) -> None:
    assert max_receives(transport.queue, transport.queue_url) == MAX_RECEIVES


def test_reason_is_one_short_printable_line() -> None:
    reason = reason_of(Refused("two\nlines \x00\ufffe \ud800 " + "ü" * 300))
    assert reason.startswith("Refused: two lines")
    assert reason.isprintable()
    assert 250 < len(reason.encode()) <= 256


def test_reason_omits_text_of_users() -> None:
    with pytest.raises(MalformedEvent) as malformed:
        data_of(Event.new("device:removed", "u1", {"deviceId": "ada@example.org"}))
    reason = reason_of(malformed.value)
    assert reason.startswith("MalformedEvent: device:removed has bad data: deviceId: ")
    assert "ada" not in reason
