"""Moves of dead letters by SQS itself, and moves that fail, by fakes that do what moto does not."""

import pytest
from botocore.exceptions import ClientError

from operations.dead_letters import DeadLetterQueue
from operations.errors import MoveFailed


class MovingSqs:
    """SQS as far as it moves messages by itself."""

    def __init__(self, *results, refusal=None):
        self.results, self.refusal, self.started = list(results), refusal, []

    def get_queue_attributes(self, QueueUrl, AttributeNames):
        return {"Attributes": {"QueueArn": f"arn:{QueueUrl}"}}

    def start_message_move_task(self, **arguments):
        self.started.append(arguments)
        if self.refusal:
            raise ClientError({"Error": {"Code": self.refusal}}, "StartMessageMoveTask")

    def list_message_move_tasks(self, SourceArn, MaxResults):
        return {"Results": [self.results.pop(0)]}


def test_sqs_moves_all_where_supported():
    sqs = MovingSqs(
        {"Status": "RUNNING", "ApproximateNumberOfMessagesMoved": 3},
        {"Status": "COMPLETED", "ApproximateNumberOfMessagesMoved": 7},
    )
    assert DeadLetterQueue(sqs, "dead", "source").redrive_all(poll=0) == 7
    assert sqs.started == [{"SourceArn": "arn:dead", "DestinationArn": "arn:source"}]
    assert sqs.results == []


def test_failed_move_reports_its_progress():
    sqs = MovingSqs(
        {"Status": "FAILED", "ApproximateNumberOfMessagesMoved": 3, "FailureReason": "Denied"}
    )
    with pytest.raises(MoveFailed, match="after it moved 3 messages, because Denied"):
        DeadLetterQueue(sqs, "dead", "source").redrive_all()


def test_denied_move_is_not_emulated():
    sqs = MovingSqs(refusal="AccessDenied")
    with pytest.raises(ClientError):
        DeadLetterQueue(sqs, "dead", "source").redrive_all()


class BrokenSqs:
    """Gives one message and takes none."""

    def __init__(self):
        self.given_back, self.deleted = [], []

    def receive_message(self, **arguments):
        return {"Messages": [{"MessageId": "m1", "ReceiptHandle": "r1", "Body": "{}"}]}

    def send_message(self, **arguments):
        raise ClientError({"Error": {"Code": "ServiceUnavailable"}}, "SendMessage")

    def delete_message(self, **arguments):
        self.deleted.append(arguments)

    def change_message_visibility_batch(self, QueueUrl, Entries):
        self.given_back += [
            (entry["ReceiptHandle"], entry["VisibilityTimeout"]) for entry in Entries
        ]


def test_unsendable_message_is_kept_and_shown():
    sqs = BrokenSqs()
    queue = DeadLetterQueue(sqs, "dead", "source")
    with pytest.raises(ClientError), queue.hold() as letters:
        queue.redrive(letters)
    assert sqs.deleted == []
    assert sqs.given_back == [("r1", 0)]
