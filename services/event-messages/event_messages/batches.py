"""Collects items into batches of ten, the limit of SQS, and sends them in a thread."""

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from event_messages.backoff import full_jitter
from event_messages.failures import describe

BATCH_ENTRIES = 10
LINGER = 0.02  # seconds to wait for more items of a batch
ATTEMPTS = 4

Item = TypeVar("Item")
Call = Callable[..., dict[str, Any]]


class Batches(Generic[Item]):
    """Calls `act` with up to ten items at a time, in their order."""

    def __init__(self, name: str, act: Callable[[list[Item]], None]) -> None:
        self._act = act
        self._waiting: queue.SimpleQueue[Item | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def put(self, item: Item) -> None:
        self._waiting.put(item)

    def finish(self, timeout: float) -> None:
        """Act on the remaining items, then end the thread within `timeout` seconds."""
        self._waiting.put(None)
        self._thread.join(timeout)

    def _run(self) -> None:
        for batch in self._collect():
            self._act(batch)

    def _collect(self) -> Iterator[list[Item]]:
        while (first := self._waiting.get()) is not None:
            batch, end = [first], time.monotonic() + LINGER
            while len(batch) < BATCH_ENTRIES:
                try:
                    item = self._waiting.get(timeout=max(0, end - time.monotonic()))
                except queue.Empty:
                    break
                if item is None:
                    yield batch
                    return
                batch.append(item)
            yield batch


@dataclass(frozen=True)
class FailedEntry:
    """Describes an entry that a queue rejected; `permanent` if a repeat cannot help."""

    at: int  # index in the batch
    reason: str
    permanent: bool


def submit(call: Call, queue_url: str, entries: Sequence[dict[str, Any]]) -> list[FailedEntry]:
    """Send a batch, repeat the entries that failed, and return those that still failed."""
    waiting, undone = list(range(len(entries))), list[FailedEntry]()
    for attempt in range(1, ATTEMPTS + 1):
        if not waiting:
            break
        if attempt > 1:
            time.sleep(full_jitter(attempt - 1, base=0.1, cap=2))
        failed = _attempt(call, queue_url, {at: entries[at] for at in waiting})
        undone += [entry for entry in failed if entry.permanent or attempt == ATTEMPTS]
        waiting = [entry.at for entry in failed if not entry.permanent]
    return undone


def _attempt(call: Call, queue_url: str, entries: dict[int, dict[str, Any]]) -> list[FailedEntry]:
    numbered = [{"Id": str(at), **entry} for at, entry in entries.items()]
    try:
        failed = call(QueueUrl=queue_url, Entries=numbered).get("Failed", [])
    except Exception as error:  # of the network or the queue
        return [FailedEntry(at, describe(error), False) for at in entries]
    return [
        FailedEntry(int(entry["Id"]), entry.get("Message", ""), bool(entry.get("SenderFault")))
        for entry in failed
    ]
