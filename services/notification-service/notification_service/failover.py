"""A second way for e-mails while the first does not take them."""

import logging
from typing import Generic

from notification_service.circuit_breaker import Item, Provider
from notification_service.errors import RetryLater, Throttled
from notification_service.metrics import FAILOVERS

logger = logging.getLogger(__name__)


class Failover(Generic[Item]):
    """Asks the second provider when the first surely did not send and cannot now.

    Being throttled is no reason: the first asks for patience. Nor is an unknown outcome,
    after which a second e-mail could be one too many.
    """

    def __init__(self, first: Provider[Item], second: Provider[Item]) -> None:
        self._first, self._second = first, second

    def send(self, item: Item) -> str:
        try:
            return self._first.send(item)
        except Throttled:
            raise
        except RetryLater as error:
            logger.warning("the second provider is used", extra={"reason": str(error)})
            FAILOVERS.inc()
        return self._second.send(item)
