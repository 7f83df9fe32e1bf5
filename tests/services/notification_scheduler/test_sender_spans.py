"""What is announced is a span of the trace that it stems from, where spans are recorded."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from notification_scheduler.sender import Sender
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from service_runtime.span_export import export_spans, finish_export

from tests.services.notification_scheduler.examples import ago, notification

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE}-{SPAN}-01"


class Topic:
    """Remembers the traces of what it took; refuses the messages of `refused`."""

    def __init__(self, refused: str = "nobody", error: Exception | None = None) -> None:
        self.refused, self.error = refused, error
        self.traces: dict[str, str | None] = {}

    def publish_batch(
        self, *, TopicArn: str, PublishBatchRequestEntries: list[Any]
    ) -> dict[str, Any]:
        if self.error:
            raise self.error
        failed = []
        for entry in PublishBatchRequestEntries:
            attributes = entry["MessageAttributes"]
            user = attributes["userId"]["StringValue"]
            if user == self.refused:
                failed.append({"Id": entry["Id"], "Code": "InvalidParameter", "SenderFault": True})
            self.traces[user] = attributes.get("traceparent", {}).get("StringValue")
        return {"Failed": failed}


@pytest.fixture
def recorded() -> Iterator[Callable[[], list[ReadableSpan]]]:
    """Ends the recording; its spans in the order of their ends."""
    exporter = InMemorySpanExporter()
    export_spans("notification-scheduler", exporter)

    def spans() -> list[ReadableSpan]:
        finish_export()
        return list(exporter.get_finished_spans())

    yield spans
    finish_export()


@pytest.fixture
def send() -> Iterator[Callable[..., Any]]:
    senders = []

    def send(topic: Topic, **traces: str | None) -> Any:
        senders.append(Sender(topic, "arn:aws:sns:eu-central-1:1:notification", threads=2))
        dues = [
            notification(ago(1), user_id=user, traceparent=trace) for user, trace in traces.items()
        ]
        return senders[-1].send(dues, lambda: False)

    yield send
    for sender in senders:
        sender.close()


def test_span_links_reminder_and_delivery(send, recorded):
    topic = Topic()
    outcome = send(topic, ada=TRACEPARENT, bob=None)
    assert len(outcome.published) == 2
    ada, bob = recorded()
    assert (ada.name, ada.kind.name) == ("send notification", "PRODUCER")
    assert f"{ada.context.trace_id:032x}" == TRACE
    assert f"{ada.parent.span_id:016x}" == SPAN
    assert bob.parent is None
    assert {"ada": ada, "bob": bob}.keys() == topic.traces.keys()
    for user, span in (("ada", ada), ("bob", bob)):
        context = span.context
        assert topic.traces[user] == f"00-{context.trace_id:032x}-{context.span_id:016x}-01"
    published = {str(due.id) for due in outcome.published}
    assert {span.attributes["herald.notification.id"] for span in (ada, bob)} == published
    assert ada.attributes["herald.event.type"] == "notification:send"
    assert ada.attributes["messaging.destination.name"] == "notification"


def test_unpublished_notification_has_failed_span(send, recorded):
    send(Topic(refused="bob"), ada=TRACEPARENT, bob=TRACEPARENT)
    assert [span.status.status_code.name for span in recorded()] == ["UNSET", "ERROR"]


def test_spans_end_whatever_happens(send, recorded):
    with pytest.raises(ZeroDivisionError):
        send(Topic(error=ZeroDivisionError()), ada=TRACEPARENT)
    assert [span.status.status_code.name for span in recorded()] == ["ERROR"]


def test_unrecorded_messages_carry_the_stored_trace(send):
    topic = Topic()
    send(topic, ada=TRACEPARENT, bob=None)
    assert topic.traces == {"ada": TRACEPARENT, "bob": None}
