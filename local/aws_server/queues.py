"""Makes SQS safe for many consumers: no message is lost or delivered twice.

Names of deleted queues stay reserved, as in SQS.
"""

import time
from collections.abc import Callable
from typing import Any

from flask import has_request_context, request
from moto.sqs.exceptions import SQSException
from moto.sqs.models import Message, Queue, SQSBackend

from local.aws_server.replacement import replace_method, replace_property

POLL_PERIOD = 0.5  # seconds; nothing announces messages that become visible again
RESERVED = 60  # seconds; https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html

receive_at_once = SQSBackend.receive_message
delete_one = Queue.delete_message
create_moto_queue = SQSBackend.create_queue
set_moto_attributes = SQSBackend.set_queue_attributes
delete_moto_queue = SQSBackend.delete_queue


class QueueDeletedRecently(SQSException):
    """Rejects the name of a queue that was deleted within the last minute."""

    def __init__(self) -> None:
        super().__init__(
            "AWS.SimpleQueueService.QueueDeletedRecently",
            f"You must wait {RESERVED} seconds after deleting a queue before you can create "
            "another with the same name.",
        )


def extend() -> None:
    replace_method(SQSBackend, "create_queue", create_queue)
    replace_method(SQSBackend, "delete_queue", delete_queue)
    # moto removes the policy of a queue whenever another attribute changes.
    replace_method(SQSBackend, "set_queue_attributes", set_queue_attributes)
    # In moto, two receivers can get the same message, and a disconnected receiver can lose one.
    replace_method(SQSBackend, "receive_message", receive_message)
    # moto rebuilds the list of messages, and loses messages that are sent at that time.
    replace_method(Queue, "delete_message", delete_message)
    # moto counts all messages of a queue for its retention, at every receive.
    replace_method(SQSBackend, "is_message_valid_based_on_retention_period", is_retained)
    # moto creates four dates to compare two numbers, for every message of a queue.
    replace_property(Message, "visible", lambda message: milliseconds() > message.visible_at)
    replace_property(Message, "delayed", lambda message: milliseconds() < message.delayed_until)


def create_queue(backend: SQSBackend, name: str, *args: Any, **kwargs: Any) -> Queue:
    deleted = vars(backend).get("deleted", {}).get(name)
    if deleted is not None and time.monotonic() - deleted < RESERVED:
        raise QueueDeletedRecently
    return create_moto_queue(backend, name, *args, **kwargs)


def set_queue_attributes(backend: SQSBackend, queue_name: str, attributes: dict[str, Any]) -> Queue:
    kept = {"Policy": backend.get_queue(queue_name).policy}
    return set_moto_attributes(backend, queue_name, {**kept, **attributes})


def delete_queue(backend: SQSBackend, queue_name: str) -> None:
    delete_moto_queue(backend, queue_name)
    vars(backend).setdefault("deleted", {})[queue_name] = time.monotonic()


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
        wait_for_messages(queue, min(left, POLL_PERIOD))
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
    """Return a function that reports whether the client of this request has disconnected."""
    watch: Any = (
        request.environ.get("waitress.client_disconnected") if has_request_context() else None
    )
    return watch or (lambda: False)
