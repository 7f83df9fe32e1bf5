"""Sends e-mails through a second provider while the first does not accept them."""

import logging
from typing import Generic

from event_messages.failures import describe

from notification_service.circuit_breaker import Item, Provider
from notification_service.errors import RetryLater, Throttled
from notification_service.metrics import FAILOVERS

logger = logging.getLogger(__name__)


class Failover(Generic[Item]):
    """Calls the second provider if the first did not send because of its fault or ours.

    A throttled e-mail waits for the first provider. After an unknown outcome, the second could send
    the e-mail twice. An e-mail that is itself at fault fails at every provider.
    """

    def __init__(self, first: Provider[Item], second: Provider[Item]) -> None:
        self._first, self._second = first, second

    def send(self, item: Item) -> str:
        try:
            return self._first.send(item)
        except Throttled:
            raise
        except RetryLater as error:
            logger.warning("sending through the second provider", extra={"reason": describe(error)})
            FAILOVERS.inc()
            return self._second_send(item, error)

    def _second_send(self, item: Item, first: RetryLater) -> str:
        try:
            return self._second.send(item)
        except RetryLater as error:
            raise type(error)(f"{error} Before that: {first}", after=error.after) from error
