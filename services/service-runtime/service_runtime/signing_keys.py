"""Caches the public keys of an issuer; refreshes them by age and for unknown ids."""

import logging
import threading
import time
from collections.abc import Callable, Mapping

from event_messages.failures import describe
from jwt import PyJWK

from service_runtime.issuer_keys import KeysUnavailable

FRESH = 600.0  # seconds before keys are fetched again; they stay in use during the fetch
KEPT = 24 * 3600.0  # seconds that keys stay in use while the issuer does not answer
PAUSE = 30.0  # seconds from one fetch to the next, even for unknown ids
RETRY = 5.0  # seconds from a failed fetch to the next
PATIENCE = 2.0  # seconds that a request waits for a fetch that it depends on

logger = logging.getLogger(__name__)


class SigningKeys:
    """Caches keys; only requests with an unknown key wait for a fetch, of which one runs."""

    def __init__(
        self,
        fetch: Callable[[], Mapping[str, PyJWK]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch, self._clock = fetch, clock
        self._turn = threading.Lock()
        self._keys: Mapping[str, PyJWK] = {}
        self._fetched = self._due = float("-inf")
        self._ended, self._succeeded = threading.Event(), False
        self._ended.set()

    def find(self, id: str) -> PyJWK | None:
        """Return the key, or None if the issuer does not publish it.

        Raises KeysUnavailable if the key is unknown and the issuer does not answer.
        """
        key = self._usable().get(id)
        if key is not None and self._age() < FRESH:
            return key
        ended = self._refresh()
        if key is not None:
            return key
        ended.wait(PATIENCE)
        key = self._usable().get(id)
        if key is None and not (ended.is_set() and self._succeeded):
            raise KeysUnavailable
        return key

    def _age(self) -> float:
        return self._clock() - self._fetched

    def _usable(self) -> Mapping[str, PyJWK]:
        return self._keys if self._age() < KEPT else {}

    def _refresh(self) -> threading.Event:
        """Start a fetch if one is due and none runs; return the event of its end."""
        with self._turn:
            if self._ended.is_set() and self._clock() >= self._due:
                ended = threading.Event()
                threading.Thread(target=self._run, args=[ended], daemon=True).start()
                self._ended = ended
            return self._ended

    def _run(self, ended: threading.Event) -> None:
        self._succeeded = False
        try:
            self._keys = self._fetch()
            self._fetched, self._succeeded = self._clock(), True
        except Exception as error:  # the known keys stay in use
            reason = str(error) if isinstance(error, KeysUnavailable) else describe(error)
            logger.warning("could not fetch the keys of the issuer", extra={"reason": reason})
        finally:
            self._due = self._clock() + (PAUSE if self._succeeded else RETRY)
            ended.set()
