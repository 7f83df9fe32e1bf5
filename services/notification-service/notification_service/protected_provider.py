"""Protects a provider with circuit breakers and a bulkhead, and records its answers."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic

from opentelemetry.trace import SpanKind
from service_runtime.traces import Work, span

from notification_service.circuit_breaker import CircuitBreaker, Item, Provider
from notification_service.errors import Misconfigured, ProviderError, RetryLater
from notification_service.metrics import ANSWERS, MISCONFIGURED, SPARED

# An answer about one device or address says nothing about the provider.
OUTAGE = {"provider": True, "unknown": True, "item": False, "throttling": False, "device": False}
CONFIGURATION = {"configuration": True, "item": False, "device": False}
SLOW = 3.0  # seconds after which a call counts as slow
MOST_SLOW = 5  # calls

SPANS = {
    "FCM": Work(
        "FCM send", SpanKind.CLIENT, {"http.request.method": "POST", "server.address": "FCM"}
    ),
    "SES": Work(
        "SESv2/SendEmail",
        SpanKind.CLIENT,
        {"rpc.system": "aws-api", "rpc.method": "SESv2/SendEmail"},
    ),
    "SMTP": Work("SMTP send", SpanKind.CLIENT, {"network.protocol.name": "smtp"}),
}


class ProtectedProvider(Generic[Item]):
    """Stops calls to a provider that is down or that rejects our configuration.

    Separate breakers count the two faults, so that neither hides or causes the other. Spans of
    sends contain neither token nor address.
    """

    def __init__(
        self,
        provider: Provider[Item],
        name: str,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._provider, self._name = provider, name
        self._outage = CircuitBreaker(
            f"{name} failed several times in a row; calls are paused.",
            OUTAGE,
            clock=clock,
        )
        self._configuration = CircuitBreaker(
            f"{name} rejected our configuration several times in a row; correct it.",
            CONFIGURATION,
            error=Misconfigured,
            clock=clock,
        )
        self._bulkhead = Bulkhead(name, clock)
        SPARED.labels(name.lower()).set_function(self._outage.is_open)
        MISCONFIGURED.labels(name.lower()).set_function(self._configuration.is_open)

    def send(self, item: Item) -> str:
        def send() -> str:
            with span(SPANS.get(self._name)):
                return self._provider.send(item)

        return self.call(send)

    def call(self, send: Callable[[], str]) -> str:
        """Make any other call of the provider with the same protection."""
        with self._bulkhead.place():
            return self._configuration.call(lambda: self._outage.call(lambda: self._counted(send)))

    def _counted(self, send: Callable[[], str]) -> str:
        try:
            answer = send()
        except ProviderError as error:
            ANSWERS.labels(self._name.lower(), error.fault).inc()
            raise
        ANSWERS.labels(self._name.lower(), "none").inc()
        return answer


class Bulkhead:
    """Admits no further calls while several are slow, so that they occupy few threads."""

    def __init__(self, name: str, clock: Callable[[], float]) -> None:
        self._name, self._clock = name, clock
        self._lock = threading.Lock()
        self._starts: dict[object, float] = {}

    @contextmanager
    def place(self) -> Iterator[None]:
        call = object()
        with self._lock:
            now = self._clock()
            if sum(now - start > SLOW for start in self._starts.values()) >= MOST_SLOW:
                raise RetryLater(f"{self._name} answers too slowly at the moment.", after=SLOW)
            self._starts[call] = now
        try:
            yield
        finally:
            with self._lock:
                del self._starts[call]
