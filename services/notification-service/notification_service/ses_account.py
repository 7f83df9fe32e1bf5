"""Reads the sending rate of the SES account every few minutes."""

import logging
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from event_messages.failures import describe
from service_runtime.periodic import Periodic

from notification_service.metrics import SANDBOXED

ASSUMED_RATE = 14.0  # e-mails per second; the lowest rate of an account outside of the sandbox
REFRESH = 300.0  # seconds between reads of the account

logger = logging.getLogger(__name__)


class SesAccount(Periodic):
    """Tracks the sending rate of SES, and reports an account in the sandbox."""

    def __init__(self, client: Any) -> None:
        super().__init__(REFRESH)
        self._client = client
        self._is_sandboxed = False
        # E-mails per second; the last known rate while SES does not answer
        self.rate = ASSUMED_RATE

    def work(self) -> None:
        """Read the sending rate of the account."""
        try:
            account = self._client.get_account()
            rate = account["SendQuota"]["MaxSendRate"]
            has_access = account["ProductionAccessEnabled"]
        except (ClientError, BotoCoreError, KeyError) as error:
            message = "could not read the SES account; sending at the last known rate"
            logger.warning(message, extra={"rate": self.rate, "reason": describe(error)})
            return
        self.rate = float(rate)
        self._report(is_sandboxed=not has_access)

    def _report(self, *, is_sandboxed: bool) -> None:
        """Log once that the account is in the sandbox."""
        SANDBOXED.set(is_sandboxed)
        if is_sandboxed and not self._is_sandboxed:
            logger.error(
                "the SES account is in the sandbox: only verified addresses get e-mails; "
                "request production access in this region"
            )
        self._is_sandboxed = is_sandboxed
