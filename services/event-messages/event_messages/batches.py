"""What a queue takes ten of at once, collected and sent on a thread of its own."""

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from event_messages.backoff import full_jitter

BATCH_ENTRIES = 10
LINGER = 0.02  # seconds that a batch waits to fill
ATTEMPTS = 4

Item = TypeVar("Item")
Call = Callable[..., dict[str, Any]]


class Batches(Generic[Item]):
    """Gives `act` up to ten items at a time, in their order."""

    def __init__(self, name: str, act: Callable[[list[Item]], None]) -> None:
        self._act = act
        self._waiting: queue.SimpleQueue[Item | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def put(self, item: Item) -> None:
        self._waiting.put(item)

    def finish(self, timeout: float) -> None:
        """Act on what waits, then end."""
        self._waiting.put(None)
        self._thread.join(timeout)

    def _run(self) -> None:
        for batch in self._collected():
            self._act(batch)

    def _collected(self) -> Iterator[list[Item]]:
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
class Undone:
    """An entry that a queue did not take; `permanent` when no repeat can help."""

    at: int  # its place in the batch
    reason: str
    permanent: bool


def submit(call: Call, queue_url: str, entries: Sequence[dict[str, Any]]) -> list[Undone]:
    """Call for a batch, and again for the entries that failed; those that were never taken."""
    waiting, undone = list(range(len(entries))), list[Undone]()
    for attempt in range(1, ATTEMPTS + 1):
        if not waiting:
            break
        if attempt > 1:
            time.sleep(full_jitter(attempt - 1, base=0.1, cap=2))
        failed = _attempt(call, queue_url, {at: entries[at] for at in waiting})
        undone += [one for one in failed if one.permanent or attempt == ATTEMPTS]
        waiting = [one.at for one in failed if not one.permanent]
    return undone


def _attempt(call: Call, queue_url: str, entries: dict[int, dict[str, Any]]) -> list[Undone]:
    numbered = [{"Id": str(at), **entry} for at, entry in entries.items()]
    try:
        failed = call(QueueUrl=queue_url, Entries=numbered).get("Failed", [])
    except Exception as error:  # whatever the network or the queue answered
        return [Undone(at, f"{type(error).__name__}: {error}", False) for at in entries]
    return [
        Undone(int(one["Id"]), one.get("Message", ""), bool(one.get("SenderFault")))
        for one in failed
    ]
