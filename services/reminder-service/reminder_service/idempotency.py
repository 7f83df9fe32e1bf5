"""Idempotency-Key: a request that is repeated within a day gets the answer of the first."""

import hashlib
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from service_runtime.headers import InvalidHeader

from reminder_service.errors import IdempotencyKeyReused

NAME = "Idempotency-Key"
KEPT = timedelta(hours=24)

_KEY = re.compile(r"[\x20-\x7e]{1,255}")


@dataclass(frozen=True, kw_only=True)
class KeyedAnswer:
    """What was answered to the request that a user marked with a key."""

    user_id: str
    key: str
    fingerprint: str
    status: int
    body: str
    headers: dict[str, str] = field(default_factory=dict)
    answered_at: datetime

    def repeated_for(self, fingerprint: str) -> "KeyedAnswer":
        """This answer, unless the key came with another request."""
        if fingerprint != self.fingerprint:
            raise IdempotencyKeyReused
        return self


def check_key(key: str | None) -> None:
    if key is not None and not _KEY.fullmatch(key):
        raise InvalidHeader(f"{NAME} takes 1 to 255 printable ASCII characters.")


def fingerprint(operation: str, request: str) -> str:
    return hashlib.sha256(f"{operation}\n{request}".encode()).hexdigest()
