"""What a user wrote stays out of logs, spans and dead letters, whatever fails on it."""

import json
import logging
import threading
from collections.abc import Callable
from typing import Any

import httpx
import psycopg
import pytest
from botocore.exceptions import ClientError, ParamValidationError
from event_messages.dead_letters import DeadLetterQueue, reason_of
from event_messages.errors import Refused, RetryLater
from event_messages.event import Event
from event_messages.failures import describe, render
from event_messages.pace import Pace
from fastapi import FastAPI
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic import BaseModel, ValidationError
from service_runtime.api import create_api
from service_runtime.event_consumer import event_consumer
from service_runtime.logs import configure_logs
from service_runtime.outbox import append
from service_runtime.outbox_relay import OutboxRelay
from service_runtime.span_export import export_spans, finish_export
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from tests.services.event_messages.fakes import InMemoryQueue

SECRET = "buy-a-ring-for-ada@example.org"
STATEMENTS = {
    "a row that exists": "insert into people values (1, :secret), (1, :secret)",
    "a missing value": "insert into people values (null, :secret)",
    "a value of another type": "select cast(:secret as integer)",
    "a failed check": "insert into people values (2, repeat(:secret, 9))",
    "an error of our own": "do $$ begin raise exception 'no %', '" + SECRET + "'; end $$",
    "a long value": "select cast(:secret as varchar(3)) || repeat(:secret, 999999999)",
}
IN_POSTGRES = pytest.mark.parametrize("statement", STATEMENTS.values(), ids=STATEMENTS)


@pytest.fixture
def fail(engine: Engine) -> Callable[[str], None]:
    """Run a statement with a secret parameter, and raise what the database answers."""
    columns = "id int primary key, text text check (length(text) < 99)"

    def run(statement: str) -> None:
        with engine.begin() as connection:
            connection.execute(text(f"create temporary table if not exists people ({columns})"))
            connection.execute(
                text(statement), {"secret": SECRET} if ":secret" in statement else {}
            )

    return run


@pytest.mark.integration
@IN_POSTGRES
def test_failed_statement_is_described(fail: Callable[[str], None], statement: str) -> None:
    with pytest.raises(DBAPIError) as failed:
        fail(statement)
    written = describe(failed.value) + render(failed.value) + reason_of(failed.value)
    assert SECRET not in written
    assert "ada" not in written
    assert isinstance(failed.value.orig, psycopg.Error)
    assert f"({failed.value.orig.sqlstate})" in describe(failed.value)


@IN_POSTGRES
def test_requests_log_no_values(
    fail: Callable[[str], None],
    serve: Callable[[FastAPI], httpx.Client],
    capsys: pytest.CaptureFixture[str],
    statement: str,
) -> None:
    app = create_api("Notes", live=bool, ready=bool)
    app.get("/notes")(lambda: fail(statement))
    configure_logs("notes")
    exporter = InMemorySpanExporter()
    export_spans("notes", exporter)
    answer = serve(app).get("/notes")
    finish_export()
    written = capsys.readouterr().out
    assert answer.status_code == 500
    assert "request failed" in written
    assert SECRET not in written + answer.text + spans_of(exporter)


@IN_POSTGRES
def test_consumer_tells_no_values(
    fail: Callable[[str], None], capsys: pytest.CaptureFixture[str], statement: str
) -> None:
    dead = InMemoryQueue("dead")
    queue = InMemoryQueue(dead_letters=dead, max_receives=1, longest_wait=0.02)
    queue.send(Event.new("reminder:created", "u1", {}).to_json())
    configure_logs("notes")
    exporter = InMemorySpanExporter()
    export_spans("notes", exporter)
    consume_until_dead(queue, dead, lambda event: fail(statement))
    finish_export()
    written = capsys.readouterr().out
    assert "handler failed" in written
    [letter] = dead.receive_message(QueueUrl=dead.url)["Messages"]
    assert letter["MessageAttributes"]["failureReason"]["StringValue"]
    assert spans_of(exporter)
    assert SECRET not in written + json.dumps(letter) + spans_of(exporter)


def consume_until_dead(
    queue: InMemoryQueue, dead: InMemoryQueue, handle: Callable[[Event], None]
) -> None:
    consumer = event_consumer(
        queue, queue.url, handle, dead_letters=DeadLetterQueue(dead.url, "t"), pace=Pace(wait=1)
    )
    thread = threading.Thread(target=consumer.run)
    thread.start()
    waiting = threading.Event()
    while not dead.bodies:
        waiting.wait(0.01)
    consumer.stop()
    thread.join(60)


def spans_of(exporter: InMemorySpanExporter) -> str:
    return "".join(span.to_json() for span in exporter.get_finished_spans())


def test_relay_logs_no_values(
    engine: Engine, fail: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    class Failing:
        def publish(self, messages: Any) -> Any:
            fail(STATEMENTS["a row that exists"])

        def close(self) -> None: ...

    configure_logs("notes")
    with engine.begin() as connection:
        append(connection, Event.new("reminder:created", "u1", {}))
    relay = OutboxRelay(engine, Failing())
    thread = threading.Thread(target=relay.run)
    thread.start()
    written = ""
    while "reason" not in written:
        written += capsys.readouterr().out
    relay.stop()
    thread.join(60)
    assert SECRET not in written + capsys.readouterr().out


class Note(BaseModel):
    size: int


def validation_error() -> ValidationError:
    with pytest.raises(ValidationError) as invalid:
        Note.model_validate({"size": SECRET})
    return invalid.value


CALL = "ClientError: An error occurred (MessageRejected) when calling the SendEmail operation: "


def client_error(message: str) -> ClientError:
    return ClientError({"Error": {"Code": "MessageRejected", "Message": message}}, "SendEmail")


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (KeyError(SECRET), "KeyError in an unknown place"),
        (ValueError(SECRET), "ValueError in an unknown place"),
        (RetryLater(f"{SECRET} is busy"), "<address> is busy"),
        (Refused(f"no place for {SECRET}"), "Refused: no place for <address>"),
        (
            ConnectionResetError(104, "Connection reset by peer"),
            "ConnectionResetError: Connection reset by peer",
        ),
        (OSError(SECRET), "OSError in an unknown place"),
        (ParamValidationError(report=SECRET), "ParamValidationError in an unknown place"),
        (
            client_error(f"Email address is not verified: {SECRET}"),
            CALL + "Email address is not verified: <address>",
        ),
        (
            client_error("No Bearer abc.def now\nand " + SECRET),
            CALL + "No <token> now and <address>",
        ),
        (Refused("device " + "f" * 22 + ":APA91b" + "x" * 134), "Refused: device <token>"),
        (Refused("eyJhbGciOiJFUzI1NiJ9abc.eyJzdWIiOiJ1c2VyLTEifQab.c2ln"), "Refused: <token>"),
    ],
)
def test_errors_are_described_without_data(error: Exception, line: str) -> None:
    assert describe(error) == line


def test_validation_is_described_by_field() -> None:
    described = describe(validation_error())
    assert described.startswith("ValidationError: size: Input should be a valid integer")
    assert SECRET not in described


def test_traceback_names_causes_and_lines() -> None:
    try:
        try:
            {}[SECRET]
        except KeyError as error:
            raise RuntimeError(SECRET) from error
    except RuntimeError as error:
        rendered = render(error)
    assert SECRET not in rendered
    assert rendered.count("Traceback (most recent call last):") == 2
    assert rendered.index("KeyError in test_failures.py:") < rendered.index("RuntimeError in")
    assert "{}[SECRET]" in rendered  # the line of code


def test_endless_causes_are_cut() -> None:
    error: Exception = ValueError()
    for _ in range(100):
        later = ValueError()
        later.__cause__ = error
        error = later
    assert render(error).count("ValueError") == 5


def test_foreign_log_records_are_rendered_alike(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("notes")
    try:
        int(SECRET)
    except ValueError:
        logging.getLogger("sqlalchemy.pool").error("broken", exc_info=True)
    [line] = capsys.readouterr().out.splitlines()
    assert SECRET not in line
    assert "ValueError in test_failures.py:" in json.loads(line)["exception"]
