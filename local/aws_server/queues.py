"""SQS under many consumers at once: nothing lost, nothing handed out twice."""

import time
from collections.abc import Callable
from typing import Any

from flask import has_request_context, request
from moto.sqs.models import Message, Queue, SQSBackend

from local.aws_server.replacement import replace_method, replace_property

LOOK_AGAIN = 0.25  # seconds; messages whose time has come wake nobody

receive_at_once = SQSBackend.receive_message
delete_one = Queue.delete_message


def extend() -> None:
    # Two receivers of moto can take the same message, and a receiver that hung up takes one too.
    replace_method(SQSBackend, "receive_message", receive_message)
    # moto rebuilds the list of messages, and drops one that is sent meanwhile.
    replace_method(Queue, "delete_message", delete_message)
    # moto counts all messages of a queue to learn its retention, for every message received.
    replace_method(SQSBackend, "is_message_valid_based_on_retention_period", is_retained)
    # moto makes four dates to compare two numbers, for every message of a queue.
    replace_property(Message, "visible", lambda message: milliseconds() > message.visible_at)
    replace_property(Message, "delayed", lambda message: milliseconds() < message.delayed_until)


def receive_message(
    backend: SQSBackend,
    queue_name: str,
    count: int,
    wait_seconds_timeout: int,
    visibility_timeout: int,
    message_attribute_names: list[str] | None = None,
) -> list[Message]:
    queue, hung_up = backend.get_queue(queue_name), client_watch()
    deadline = time.monotonic() + wait_seconds_timeout
    while not hung_up():
        with queue._messages_lock:
            found = receive_at_once(
                backend, queue_name, count, 0, visibility_timeout, message_attribute_names
            )
        left = deadline - time.monotonic()
        if found or left <= 0:
            return list(found)
        wait_for_messages(queue, min(left, LOOK_AGAIN))
    return []


def wait_for_messages(queue: Queue, seconds: float) -> None:
    with queue._messages_lock:
        queue._messages_lock.wait_for(lambda: queue.messages, seconds)


def delete_message(queue: Queue, receipt_handle: str) -> None:
    with queue._messages_lock:
        delete_one(queue, receipt_handle)


def is_retained(backend: SQSBackend, queue_name: str, message: Message) -> bool:
    retention: Any = vars(backend.get_queue(queue_name))["message_retention_period"]  # seconds
    sent: Any = message.sent_timestamp
    return bool(sent + int(retention) * 1000 > milliseconds())


def milliseconds() -> float:
    return time.time() * 1000


def client_watch() -> Callable[[], bool]:
    """Tells whether the client of this request is gone; waitress knows."""
    watch: Any = (
        request.environ.get("waitress.client_disconnected") if has_request_context() else None
    )
    return watch or (lambda: False)
