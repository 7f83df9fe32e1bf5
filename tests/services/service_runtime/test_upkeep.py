"""Upkeep deletes all that is old, whatever fails, until it is stopped."""

import logging
import threading
from collections.abc import Callable

import pytest
from service_runtime.upkeep import MANY, Upkeep
from sqlalchemy.exc import OperationalError

from tests.waiting import eventually


def test_steps_repeat_while_they_delete_many() -> None:
    left = [2 * MANY + 1]

    def forget() -> int:
        deleted = min(left[0], MANY)
        left[0] -= deleted
        return deleted

    Upkeep(forget).work()
    assert left == [0]


def test_failed_step_stops_no_other(caplog: pytest.LogCaptureFixture) -> None:
    done: list[str] = []

    def fail() -> int:
        raise OperationalError("delete from secrets", {}, Exception("ada@example.org"))

    def succeed() -> int:
        done.append("second")
        return 0

    with caplog.at_level(logging.WARNING):
        Upkeep(fail, succeed).work()
    assert done == ["second"]
    assert [record.message for record in caplog.records] == [
        "could not delete old data; trying again later"
    ]
    assert "ada@example.org" not in str(vars(caplog.records[0]))


def test_work_starts_at_once_and_repeats() -> None:
    calls: list[int] = []

    def count() -> int:
        calls.append(1)
        return 0

    run_until(Upkeep(count, interval=0.01), lambda: len(calls) > 1)


def test_stop_ends_a_long_step() -> None:
    started = threading.Event()

    def endless() -> int:
        started.set()
        return MANY

    run_until(Upkeep(endless), started.is_set)


def run_until(upkeep: Upkeep, reached: Callable[[], bool]) -> None:
    thread = threading.Thread(target=upkeep.run)
    thread.start()
    try:
        eventually(reached)
    finally:
        upkeep.stop()
        thread.join(60)
    assert not thread.is_alive()
