"""Dead letters of a queue in the emulator, by the commands."""

import json

import pytest

from operations.dead_letters import NOT_RECORDED, DeadLetter, reasons

EVENT = {"id": "1", "type": "reminder:created", "userId": "u1", "data": {"message": "[bold]"}}
FAILED = {"failureReason": "UnknownEvent: reminder:paused"}


def letter(body=None, **attributes):
    return DeadLetter.of(
        {
            "MessageId": "m1",
            "ReceiptHandle": "r1",
            "Body": json.dumps(EVENT) if body is None else body,
            "Attributes": {"ApproximateReceiveCount": "5", "SentTimestamp": "1700000000123"},
            "MessageAttributes": as_attributes(attributes),
        }
    )


def as_attributes(texts):
    return {name: {"DataType": "String", "StringValue": text} for name, text in texts.items()}


class Queues:
    """The four queues of a stack, as a test fills and reads them."""

    def __init__(self, project):
        self.sqs, self.told = project.stack.client("sqs"), project.stack.outputs

    def send(self, body, queue="event", **attributes):
        url = self.told.queues[queue].dead_letters_url
        sent = self.sqs.send_message(
            QueueUrl=url, MessageBody=body, MessageAttributes=as_attributes(attributes)
        )
        return sent["MessageId"]

    def visible(self, url):
        answer = self.sqs.get_queue_attributes(
            QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"]
        )
        return int(answer["Attributes"]["ApproximateNumberOfMessages"])

    def dead(self):
        return self.visible(self.told.queues["event"].dead_letters_url)

    def received(self):
        answer = self.sqs.receive_message(
            QueueUrl=self.told.queues["event"].url,
            MaxNumberOfMessages=10,
            MessageAttributeNames=["All"],
        )
        return [
            (each["Body"], {k: v["StringValue"] for k, v in each["MessageAttributes"].items()})
            for each in answer.get("Messages", [])
        ]


@pytest.fixture
def queues(aws):
    return Queues(aws)


@pytest.fixture
def command(herald):
    """Runs `herald dead-letters` for the event queue."""
    return lambda name, *rest: herald(
        "dead-letters", name, "--stack", "test", "--queue", "event", *rest
    )


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (letter(**FAILED), "UnknownEvent: reminder:paused"),
        (letter(ErrorMessage="no queue", ErrorCode="X"), "SNS could not deliver it: no queue"),
        (letter("not json"), "the body is not an event"),
        (letter('["a list"]'), "the body is not an event"),
        (letter(), NOT_RECORDED),
    ],
)
def test_reason_is_recorded_or_derived(given, reason):
    assert given.reason == reason


def test_reasons_are_counted_by_type():
    given = [letter("{"), letter(**FAILED), letter(**FAILED)]
    assert reasons(given) == [
        ("reminder:created", "UnknownEvent: reminder:paused", 2),
        ("not an event", "the body is not an event", 1),
    ]


@pytest.mark.integration
def test_list_consumes_no_message(queues, command):
    ids = [queues.send(json.dumps(EVENT), **FAILED) for _ in range(23)]
    ids.append(queues.send("not json"))
    for _ in range(2):
        said = command("list")
        assert said.code == 0
        shown = {row[0]: row[-1] for row in map(str.split, said.out.splitlines()) if row}
        assert [shown[id] for id in ids] == ["1"] * 23 + ["2"]
        rows = [" ".join(line.split()) for line in said.out.splitlines()]
        assert "1 23 reminder:created UnknownEvent: reminder:paused" in rows
        assert "2 1 not an event the body is not an event" in rows
        assert "24 dead letters of the event queue. All times are UTC." in said.out
        assert queues.dead() == 24


@pytest.mark.integration
def test_limited_list_shows_the_total(queues, command):
    for _ in range(5):
        queues.send(json.dumps(EVENT))
    said = command("list", "--limit", "3")
    assert "3 dead letters of the event queue, of about 5. All times are UTC." in said.out
    assert queues.dead() == 5


@pytest.mark.integration
def test_empty_queue_is_reported_as_empty(queues, command):
    assert command("list").out == "The event queue has no dead letters.\n"
    assert command("list", "--json").out == "[]\n"


@pytest.mark.integration
def test_one_message_is_shown_whole(queues, command):
    id = queues.send(json.dumps(EVENT), **FAILED, userId="u1")
    queues.send("another")
    shown = json.loads(command("show", "--id", id).out)
    assert shown.pop("sentAt").endswith("+00:00")
    assert shown == {
        "id": id,
        "reason": FAILED["failureReason"],
        "receiveCount": 1,
        "attributes": {**FAILED, "userId": "u1"},
        "event": EVENT,
    }
    assert queues.dead() == 2


@pytest.mark.integration
def test_invalid_event_is_shown_unchanged(queues, command):
    shown = json.loads(command("show", "--id", queues.send("not json")).out)
    assert (shown["event"], shown["body"]) == (None, "not json")


@pytest.mark.integration
def test_redriven_message_lacks_failure_attributes(queues, command):
    of_the_failure = {**FAILED, "failedAt": "2030-01-01", "failedBy": "x", "ErrorCode": "X"}
    id = queues.send(json.dumps(EVENT), **of_the_failure, eventType="reminder:created")
    queues.send("stays")
    said = command("redrive", "--id", id)
    assert "1 dead letter of the event queue redriven; about 1 left." in said.out
    assert queues.dead() == 1
    assert queues.received() == [(json.dumps(EVENT), {"eventType": "reminder:created"})]


@pytest.mark.integration
def test_redrive_works_without_move_tasks(queues, herald):
    for _ in range(12):
        queues.send(json.dumps(EVENT))
    said = herald("redrive", "--stack", "test", "--queue", "event", "--all")
    assert said.out == "12 dead letters of the event queue redriven; about 0 left.\n"
    assert queues.visible(queues.told.queues["event"].url) == 12


@pytest.mark.integration
@pytest.mark.parametrize(
    ("name", "what"), [("redrive", "would be redriven"), ("discard", "would be discarded")]
)
def test_a_dry_run_changes_nothing(queues, command, name, what):
    queues.send(json.dumps(EVENT))
    said = command(name, "--all", "--dry-run")
    assert f"1 dead letter of the event queue {what}; nothing was changed." in said.out
    assert queues.dead() == 1
    assert queues.received() == []


@pytest.mark.integration
def test_an_unknown_id_changes_nothing(queues, command):
    id = queues.send(json.dumps(EVENT))
    said = command("redrive", "--id", id, "--id", "gone")
    assert (said.code, said.out) == (1, "")
    assert said.err == (
        "Herald: the dead-letter queue has no message with the id gone; "
        "nothing was changed, and `herald dead-letters list` shows the ids.\n"
    )
    assert queues.dead() == 1


@pytest.mark.integration
def test_discard_removes_only_the_named_messages(queues, command):
    id = queues.send(json.dumps(EVENT))
    queues.send("stays")
    said = command("discard", "--id", id, "--yes")
    assert "1 dead letter of the event queue discarded; about 1 left." in said.out
    assert [each["body"] for each in json.loads(command("list", "--json").out)] == ["stays"]
    assert queues.received() == []


@pytest.mark.parametrize("name", ["redrive", "discard"])
@pytest.mark.parametrize(("options", "came"), [([], "neither"), (["--id", "1", "--all"], "both")])
def test_messages_are_named_or_all_meant(project, command, name, options, came):
    said = command(name, *options, "--dry-run")
    assert said.err == (
        f"Herald: expected either --id ID or --all; got {came}. Nothing was changed.\n"
    )
    assert said.code == 1


def test_unknown_queue_is_named(project, herald):
    said = herald("dead-letters", "list", "--stack", "test", "--queue", "evnt")
    assert (said.code, said.err) == (
        1,
        "Herald: expected a queue of stack test (event, notification); got 'evnt'.\n",
    )


def test_to_discard_needs_a_yes(project, command):
    said = command("discard", "--all")
    assert said.code == 1
    assert said.err == (
        "Herald: expected --yes, because discarded messages are lost; nothing was "
        "changed, and --dry-run shows the effect.\n"
    )
