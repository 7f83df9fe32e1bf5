"""Spans of a request, of the event that it causes and of the event's handling."""

import gzip
import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from subprocess import PIPE, Popen

import httpx
import pytest
from event_messages.dead_letters import DeadLetterQueue
from event_messages.errors import RetryLater
from event_messages.event import Event
from event_messages.pace import Pace
from event_messages.publisher import Outgoing, Publisher
from fastapi import FastAPI
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind
from service_runtime.api import create_api
from service_runtime.event_consumer import event_consumer
from service_runtime.event_publisher import TracedPublisher
from service_runtime.span_export import export_spans, finish_export
from service_runtime.traces import Work, continue_trace, current_traceparent, is_recording, span

from tests.services.event_messages.fakes import InMemoryQueue, InMemoryTopic

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE}-{SPAN}-01"
RECORDED = """
from opentelemetry.trace import SpanKind
from service_runtime.span_export import export_spans, finish_export
from service_runtime.traces import Work, span

export_spans("notes")
with span(Work("work", SpanKind.SERVER)):
    pass
print("recorded", flush=True)
finish_export()
"""


@pytest.fixture
def recorded() -> Iterator[Callable[[], dict[str, ReadableSpan]]]:
    """Ends the recording; its spans by name."""
    exporter = InMemorySpanExporter()
    export_spans("test", exporter)

    def spans() -> dict[str, ReadableSpan]:
        finish_export()
        return {one.name: one for one in exporter.get_finished_spans()}

    yield spans
    finish_export()


def api_of(topic: InMemoryTopic) -> FastAPI:
    """Publishes an event for each note."""
    app = create_api("Notes", live=lambda: True, ready=lambda: True)
    publisher = TracedPublisher(Publisher(topic, topic.arn))

    @app.post("/notes/{name}")
    def note(name: str) -> None:
        event = Event.new("reminder:created", name, {})
        publisher.publish([Outgoing(event, current_traceparent())])

    return app


def consume_one(queue: InMemoryQueue, handle: Callable[[Event], None]) -> None:
    handled = threading.Event()

    def handle_one(event: Event) -> None:
        try:
            handle(event)
        finally:
            handled.set()

    dead_letters = DeadLetterQueue("memory://none", "tests")
    consumer = event_consumer(
        queue, queue.url, handle_one, dead_letters=dead_letters, pace=Pace(threads=1, wait=1)
    )
    thread = threading.Thread(target=consumer.run)
    thread.start()
    assert handled.wait(10)
    consumer.stop()
    thread.join(60)


def test_trace_reaches_call_of_provider(
    recorded: Callable[[], dict[str, ReadableSpan]],
    serve: Callable[[FastAPI], httpx.Client],
) -> None:
    topic, queue = InMemoryTopic("notes"), InMemoryQueue("notes", longest_wait=0.02)
    topic.subscribe(queue)

    def deliver(event: Event) -> None:
        with span(Work("POST", SpanKind.CLIENT, {"server.address": "provider.test"})):
            pass

    client = serve(api_of(topic))
    client.post("/notes/ada?secret=1", headers={"traceparent": TRACEPARENT})
    client.get("/health/ready")
    consume_one(queue, deliver)
    spans = recorded()
    assert [(one.kind.name, one.name) for one in spans.values()] == [
        ("PRODUCER", "send notes"),
        ("SERVER", "POST /notes/{name}"),
        ("CLIENT", "POST"),
        ("CONSUMER", "process notes"),
    ]
    assert {f"{one.context.trace_id:032x}" for one in spans.values() if one.context} == {TRACE}
    ids = {name: one.context.span_id for name, one in spans.items() if one.context}
    assert {name: one.parent and one.parent.span_id for name, one in spans.items()} == {
        "POST /notes/{name}": int(SPAN, 16),
        "send notes": ids["POST /notes/{name}"],
        "process notes": ids["send notes"],
        "POST": ids["process notes"],
    }
    assert dict(spans["POST /notes/{name}"].attributes or {}) == {
        "http.request.method": "POST",
        "url.scheme": "http",
        "url.path": "/notes/ada",
        "http.route": "/notes/{name}",
        "http.response.status_code": 200,
    }
    attributes = spans["process notes"].attributes or {}
    assert attributes["messaging.destination.name"] == "notes"
    assert attributes["herald.outcome"] == "done"


def test_failure_is_shown_in_span(recorded: Callable[[], dict[str, ReadableSpan]]) -> None:
    queue = InMemoryQueue("notes", longest_wait=0.02)
    queue.send(Event.new("reminder:created", "ada", {}).to_json())

    def wait(event: Event) -> None:
        raise RetryLater("the provider is busy", seconds=60)

    consume_one(queue, wait)
    status = recorded()["process notes"].status
    assert (status.status_code.name, status.description) == ("ERROR", "the provider is busy")


def test_topic_refusal_is_recorded_and_raised(
    recorded: Callable[[], dict[str, ReadableSpan]],
) -> None:
    topic = InMemoryTopic("notes")
    message = Outgoing(Event.new("reminder:created", "ada", {"text": "x" * 300_000}), TRACEPARENT)
    (failed,) = TracedPublisher(Publisher(topic, topic.arn)).publish([message])
    assert (failed.entry, failed.permanent) == (message, True)
    assert recorded()["send notes"].status.description == failed.reason


def test_nothing_is_recorded_without_collector(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    export_spans("test")
    topic = InMemoryTopic()
    message = Outgoing(Event.new("reminder:created", "ada", {}), TRACEPARENT)
    assert TracedPublisher(Publisher(topic, topic.arn)).publish([message]) == []
    assert not is_recording()
    assert topic.attributes[0]["traceparent"]["StringValue"] == TRACEPARENT


def test_unsampled_trace_stays_unsampled(
    recorded: Callable[[], dict[str, ReadableSpan]],
) -> None:
    with continue_trace(TRACEPARENT[:-1] + "0", Work("work", SpanKind.SERVER)) as span:
        trace = span.get_span_context()
        assert (f"{trace.trace_id:032x}", trace.trace_flags.sampled) == (TRACE, False)
    assert recorded() == {}


def test_spans_reach_the_configured_collector(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    received: list[tuple[str, bytes]] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            received.append((self.path, body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Collector) as collector:
        thread = threading.Thread(target=collector.serve_forever, args=[0.01])
        thread.start()
        url = f"http://127.0.0.1:{collector.server_port}"
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
        export_spans("notes")
        with span(Work("work", SpanKind.SERVER)):
            pass
        finish_export()
        collector.shutdown()
        thread.join()
    ((path, body),) = received
    (spans,) = ExportTraceServiceRequest.FromString(body).resource_spans
    names = {one.key: one.value.string_value for one in spans.resource.attributes}
    assert (path, names["service.name"]) == ("/v1/traces", "notes")
    assert [one.name for one in spans.scope_spans[0].spans] == ["work"]


@pytest.mark.integration
def test_silent_collector_keeps_no_process() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        environment = {
            **os.environ,
            "OTEL_EXPORTER_OTLP_ENDPOINT": url,
            "OTEL_EXPORTER_OTLP_TIMEOUT": "300",  # seconds
        }
        with Popen([sys.executable, "-c", RECORDED], env=environment, stdout=PIPE) as process:
            assert process.stdout
            assert process.stdout.readline() == b"recorded\n"
            try:
                assert process.wait(timeout=60) == 0
            finally:
                process.kill()
