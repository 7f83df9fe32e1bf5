import threading
import time
from contextvars import ContextVar
from functools import partial

import httpx
import pytest
from event_messages.content import Content
from notification_service.errors import RetryLater, Throttled
from notification_service.fcm_message import Push
from notification_service.fcm_push import FcmPush
from notification_service.senders import Senders
from notification_service.shared_connections import SharedConnections

from tests.services.notification_service.examples import NINE, NOTIFICATION, OCCURRENCE, PUSH_TEXT
from tests.services.notification_service.fcm_server import FcmServer, fcm_server

PATIENCE = 10.0


@pytest.fixture
def senders():
    senders = Senders(threads=3)
    yield senders
    senders.close()


def all_answers(senders, sends, patience=PATIENCE):
    batches = list(senders.answers(sends, patience))
    return dict(answer for batch in batches for answer in batch)


class Access:
    def value(self, patience: float) -> str:
        return "token"

    def forget(self, token: str) -> None:
        raise AssertionError("nobody refused the token")


def push_to_devices(server: FcmServer, devices: int) -> dict[int, object]:
    pushes = [
        Push(
            token=f"valid-{number}",
            text=PUSH_TEXT,
            notification_id=NOTIFICATION,
            occurrence_id=OCCURRENCE,
            occurrence=NINE,
            content=Content(message="Water the plants"),
        )
        for number in range(devices)
    ]
    senders = Senders()
    with httpx.Client(transport=SharedConnections(server.tls)) as http:
        fcm = FcmPush(http, Access(), server.url, "test")
        answers = all_answers(senders, [partial(fcm.send, push) for push in pushes])
    senders.close()
    return answers


def test_pushes_of_user_share_one_connection(tmp_path):
    with fcm_server(tmp_path, latency=0.2) as server:
        answers = push_to_devices(server, 20)
    assert answers == dict.fromkeys(range(20), "projects/test/messages/1")
    assert (server.connections, server.streams) == (1, 20)
    assert server.most_at_work > 10


def test_lost_connection_is_replaced_and_retried(tmp_path):
    with fcm_server(tmp_path, closes_after=12) as server:
        answers = push_to_devices(server, 20)
    assert answers == dict.fromkeys(range(20), "projects/test/messages/1")
    assert server.connections >= 2


def test_threads_limit_concurrent_sends(senders):
    at_work, most, lock = 0, 0, threading.Lock()

    def send() -> str:
        nonlocal at_work, most
        with lock:
            at_work += 1
            most = max(most, at_work)
        time.sleep(0.02)
        with lock:
            at_work -= 1
        return "sent"

    assert all_answers(senders, [send] * 9) == dict.fromkeys(range(9), "sent")
    assert most == 3


def test_answers_arrive_as_they_complete(senders):
    slow_may_end = threading.Event()
    throttled = Throttled("slow down")

    def slow() -> str:
        assert slow_may_end.wait(10)
        return "slow"

    def refused() -> str:
        raise throttled

    found: dict[int, object] = {}
    for batch in senders.answers([slow, refused, lambda: "fast"], PATIENCE):
        found.update(batch)
        if len(found) == 2:
            assert found == {1: throttled, 2: "fast"}
            slow_may_end.set()
    assert found == {0: "slow", 1: throttled, 2: "fast"}


def test_single_message_is_sent_by_caller(senders):
    answers = all_answers(senders, [lambda: threading.current_thread().name])
    assert answers == {0: threading.current_thread().name}
    assert all_answers(senders, []) == {}


def test_overdue_waiting_message_is_not_sent(senders):
    sent: list[int] = []

    def send(number: int) -> str:
        time.sleep(0.2)
        sent.append(number)
        return "sent"

    answers = all_answers(senders, [partial(send, number) for number in range(4)], patience=0.1)
    assert sorted(sent) == [0, 1, 2]
    assert isinstance(answers[3], RetryLater)


def test_abandoned_caller_stops_sending(senders):
    sent: list[int] = []

    def send(number: int) -> str:
        time.sleep(0.05)
        sent.append(number)
        return "sent"

    answers = senders.answers([partial(send, number) for number in range(30)], PATIENCE)
    next(answers)
    answers.close()
    time.sleep(0.3)
    assert len(sent) < 10


def test_sender_continues_trace_of_message(senders):
    trace: ContextVar[str] = ContextVar("trace")
    trace.set("of the message")
    assert all_answers(senders, [trace.get] * 3) == dict.fromkeys(range(3), "of the message")
