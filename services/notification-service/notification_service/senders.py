"""Sends in parallel threads over shared connections."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import copy_context

from notification_service.errors import RetryLater

TOGETHER = 0.01  # seconds in which answers count as simultaneous

Send = Callable[[], str]
Answer = str | Exception


class Senders:
    """Runs at most `threads` sends at a time for all messages in hand.

    FCM accepts 100 streams on an HTTP/2 connection; more threads would wait.
    """

    def __init__(self, threads: int = 64) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="send")

    def answers(self, sends: Sequence[Send], patience: float) -> Iterator[list[tuple[int, Answer]]]:
        """Yield the answers by index, together with others that arrived.

        A send that would wait longer than `patience` seconds is not sent and fails with RetryLater.
        """
        if len(sends) == 1:
            yield [(0, answer_of(sends[0]))]
            return
        deadline = time.monotonic() + patience
        waiting: dict[Future[Answer], int] = {
            self._pool.submit(copy_context().run, answer_in_time, send, deadline): index
            for index, send in enumerate(sends)
        }
        try:
            while waiting:
                wait(waiting, return_when=FIRST_COMPLETED)
                done, _ = wait(waiting, timeout=TOGETHER)
                yield sorted((waiting.pop(future), future.result()) for future in done)
        finally:  # when the caller stops early
            for future in waiting:
                future.cancel()

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)


def answer_in_time(send: Send, deadline: float) -> Answer:
    if time.monotonic() > deadline:
        return RetryLater("too many other deliveries were waiting")
    return answer_of(send)


def answer_of(send: Send) -> Answer:
    try:
        return send()
    except Exception as error:
        return error
