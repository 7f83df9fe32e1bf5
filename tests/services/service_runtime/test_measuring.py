"""Gauges of what lies outside of the process."""

import math
import threading
from typing import Any

from prometheus_client import CollectorRegistry, Gauge
from service_runtime.measuring import Measuring, count_messages

from tests.services.event_messages.fakes import InMemoryQueue

REGISTRY = CollectorRegistry()


def test_failed_measure_is_not_a_number() -> None:
    def fail() -> float:
        raise ConnectionError

    gauge, other = Gauge("first", "", registry=REGISTRY), Gauge("second", "", registry=REGISTRY)
    measuring = Measuring({gauge: fail, other: lambda: 2})
    measuring.work()
    first, second = (REGISTRY.get_sample_value(name) for name in ("first", "second"))
    assert (math.isnan(first or 0), second) == (True, 2)


def test_measuring_repeats_until_stopped() -> None:
    third = threading.Event()
    values = iter(range(1, 1000))

    def measure() -> float:
        value = next(values)
        if value == 3:
            third.set()
        return value

    measuring = Measuring({Gauge("third", "", registry=REGISTRY): measure}, interval=0.01)
    thread = threading.Thread(target=measuring.run)
    thread.start()
    assert third.wait(5)
    measuring.stop()
    thread.join(5)
    assert not thread.is_alive()


def test_messages_in_hand_are_counted() -> None:
    class Queue(InMemoryQueue):
        def get_queue_attributes(self, **asked: Any) -> dict[str, Any]:
            numbers = dict(zip(asked["AttributeNames"], ("2", "1"), strict=True))
            return {"Attributes": numbers}

    assert count_messages(Queue(), "queue") == 3
