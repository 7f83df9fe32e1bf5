"""Deletes messages and changes their visibility in batches, in a separate thread."""

import logging
from typing import Any

from event_messages.batches import Batches, Call, submit
from event_messages.received import QueueClient

LONGEST_VISIBILITY = 12 * 3600  # seconds; the limit of a queue, counted from the receipt

logger = logging.getLogger(__name__)


class Settlement:
    """Settles messages; SQS delivers a message again if its settlement fails."""

    def __init__(self, client: QueueClient, queue_url: str) -> None:
        self._client, self._queue_url = client, queue_url
        self._batches: Batches[tuple[str, int | None]] = Batches("settlement", self._settle)

    def start(self) -> None:
        self._batches.start()

    def delete(self, receipt: str) -> None:
        self._batches.put((receipt, None))

    def show_after(self, receipt: str, seconds: float) -> None:
        """Make the message visible again after `seconds`, at most 11 hours."""
        self._batches.put((receipt, min(int(seconds), LONGEST_VISIBILITY - 3600)))

    def finish(self, timeout: float) -> None:
        """Settle the waiting messages, then end the thread within `timeout` seconds."""
        self._batches.finish(timeout)

    def _settle(self, batch: list[tuple[str, int | None]]) -> None:
        deleted = [{"ReceiptHandle": receipt} for receipt, seconds in batch if seconds is None]
        shown = [
            {"ReceiptHandle": receipt, "VisibilityTimeout": seconds}
            for receipt, seconds in batch
            if seconds is not None
        ]
        self._submit(self._client.delete_message_batch, deleted)
        self._submit(self._client.change_message_visibility_batch, shown)

    def _submit(self, call: Call, entries: list[dict[str, Any]]) -> None:
        failed = submit(call, self._queue_url, entries)
        for entry in failed:
            if entry.permanent:  # for example an expired receipt
                logger.info("could not settle a message", extra={"reason": entry.reason})
        if again := [entry for entry in failed if not entry.permanent]:
            logger.warning(
                "could not settle messages; SQS delivers them again",
                extra={"messages": len(again), "reason": again[0].reason},
            )
