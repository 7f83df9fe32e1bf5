"""The scheduler as a function: a real event of a schedule, and a context that counts down."""

import time
from datetime import timedelta
from typing import Any

import pytest
from notification_scheduler import handler
from notification_scheduler.handler import handle
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from service_runtime.span_export import export_spans, finish_export

from tests.services.notification_scheduler.examples import ago, notification, now

pytestmark = pytest.mark.integration

# As EventBridge Scheduler delivers it to a target without an input of its own.
EVENT: dict[str, Any] = {
    "version": "0",
    "id": "6b5e2a0c-1f0b-4b3e-9a63-0d1c6f2e8a11",
    "detail-type": "Scheduled Event",
    "source": "aws.scheduler",
    "account": "123456789012",
    "time": "2030-01-02T09:00:00Z",
    "region": "eu-central-1",
    "resources": ["arn:aws:scheduler:eu-central-1:123456789012:schedule/default/dev-notifications"],
    "detail": "{}",
}


class Context:
    """Lambda's context of a function whose time is nearly up."""

    function_name = "dev-notification-scheduler"
    memory_limit_in_mb = 256
    aws_request_id = "8476a536-e9f4-11e8-9739-2dfe598c3fcd"

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        return int((self._end - time.monotonic()) * 1000)


@pytest.fixture
def messages(aws, settings, monkeypatch) -> Any:
    """What arrives on a queue of the topic; the function's environment is set."""
    sns, sqs = aws("sns"), aws("sqs")
    topic = sns.create_topic(Name="notifications")["TopicArn"]
    queue = sqs.create_queue(QueueName="notifications")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
    sns.subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=arn["QueueArn"],
        Attributes={
            "RawMessageDelivery": "true",
            "FilterPolicy": '{"eventType": ["notification:send"]}',
        },
    )
    values = settings.model_copy(update={"notification_topic_arn": topic}).model_dump()
    values["database_password"] = settings.database_password.get_secret_value()
    for name, value in values.items():
        monkeypatch.setenv(name.upper(), str(value))
    handler._prepare.cache_clear()
    yield lambda: sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
    handler._prepare.cache_clear()


def test_run_publishes_overdue_and_due_notifications(postgres, messages):
    postgres.put(notification(ago(3600)), notification(now() + timedelta(seconds=1)))
    postgres.put(notification(now() + timedelta(hours=1)))
    context = Context(handler.GRACE + handler.MARGIN + 3)
    assert handle(EVENT, context) == {"published": 2}
    assert context.get_remaining_time_in_millis() >= handler.MARGIN * 1000
    assert len(messages()) == 2


def test_reused_container_works_again(postgres, messages):
    for _ in range(2):
        postgres.put(notification(ago(1)))
        assert handle(EVENT, Context(handler.GRACE + handler.MARGIN + 4)) == {"published": 1}
    assert len(messages()) == 2


def test_run_ends_within_its_minute(postgres, messages, monkeypatch):
    monkeypatch.setattr(handler, "MINUTE", 0.5)
    context = Context(900)  # longer than a test may take
    assert handle(EVENT, context) == {"published": 0}


def test_run_without_time_claims_briefly(postgres, messages):
    one = notification(ago(1))
    postgres.put(one)
    context = Context(3)
    handle(EVENT, context)
    assert context.get_remaining_time_in_millis() > 0
    assert postgres.state(one.id)[0] == "ended" or postgres.make(60).claim(1)


def test_spans_are_sent_before_container_sleeps(postgres, messages):
    exporter = InMemorySpanExporter()
    export_spans(handler.NAME, exporter)
    postgres.put(notification(ago(1)))
    try:
        handle(EVENT, Context(handler.GRACE + handler.MARGIN + 6))
        assert [span.name for span in exporter.get_finished_spans()] == ["send notifications"]
    finally:
        finish_export()
