"""Deletes messages and changes their visibility, in batches, on a thread of its own."""

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from event_messages.backoff import full_jitter
from event_messages.received import QueueClient

BATCH_ENTRIES = 10
LINGER = 0.02  # seconds that a batch waits to fill
ATTEMPTS = 4
LONGEST_VISIBILITY = 12 * 3600  # seconds; the limit of a queue, counted from the receipt

logger = logging.getLogger(__name__)


class Settlement:
    """A message that could not be settled is delivered again; handlers stand repeats."""

    def __init__(self, client: QueueClient, queue_url: str) -> None:
        self._client, self._queue_url = client, queue_url
        self._waiting: queue.SimpleQueue[tuple[str, int | None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="settlement", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def delete(self, receipt: str) -> None:
        self._waiting.put((receipt, None))

    def show_after(self, receipt: str, seconds: float) -> None:
        """Deliver the message again after so many seconds."""
        self._waiting.put((receipt, min(int(seconds), LONGEST_VISIBILITY - 3600)))

    def finish(self, timeout: float) -> None:
        """Settle what waits, then end."""
        self._waiting.put(None)
        self._thread.join(timeout)

    def _run(self) -> None:
        for batch in self._batches():
            deleted = [receipt for receipt, seconds in batch if seconds is None]
            shown = [(receipt, seconds) for receipt, seconds in batch if seconds is not None]
            self._repeat(self._client.delete_message_batch, [{"ReceiptHandle": r} for r in deleted])
            self._repeat(
                self._client.change_message_visibility_batch,
                [{"ReceiptHandle": r, "VisibilityTimeout": seconds} for r, seconds in shown],
            )

    def _batches(self) -> Iterator[list[tuple[str, int | None]]]:
        while (first := self._waiting.get()) is not None:
            batch, end = [first], time.monotonic() + LINGER
            while len(batch) < BATCH_ENTRIES:
                try:
                    settled = self._waiting.get(timeout=max(0, end - time.monotonic()))
                except queue.Empty:
                    break
                if settled is None:
                    yield batch
                    return
                batch.append(settled)
            yield batch

    def _repeat(self, act: Callable[..., dict[str, Any]], entries: list[dict[str, Any]]) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            if not entries:
                return
            entries, reason = self._attempt(act, entries)
            if entries and attempt < ATTEMPTS:
                time.sleep(full_jitter(attempt, base=0.1, cap=2))
        if entries:
            logger.warning(
                "messages were not settled and will be delivered again",
                extra={"messages": len(entries), "reason": reason},
            )

    def _attempt(
        self, act: Callable[..., dict[str, Any]], entries: list[dict[str, Any]]
    ) -> tuple[list[dict[str, Any]], str]:
        """The entries to try again, and why."""
        numbered = [{"Id": str(at), **entry} for at, entry in enumerate(entries)]
        try:
            failed = act(QueueUrl=self._queue_url, Entries=numbered).get("Failed", [])
        except Exception as error:  # whatever the network or the queue answered
            return entries, f"{type(error).__name__}: {error}"
        again = [entry for entry in failed if not entry.get("SenderFault")]
        for entry in failed:
            logger.info("message not settled", extra={"reason": entry.get("Message", "")})
        reason = again[0].get("Message", "") if again else ""
        return [entries[int(entry["Id"])] for entry in again], reason
