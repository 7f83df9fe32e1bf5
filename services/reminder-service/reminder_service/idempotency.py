"""Repeats the first answer to requests with the same Idempotency-Key within a day."""

import base64
import hashlib
import re
import zlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from service_runtime.headers import InvalidHeader

from reminder_service.errors import IdempotencyKeyReused

NAME = "Idempotency-Key"
KEPT = timedelta(hours=24)

_KEY = re.compile(r"[\x20-\x7e]{1,255}")


@dataclass(frozen=True, kw_only=True)
class KeyedAnswer:
    """Stores the answer to a request with a key."""

    user_id: str
    key: str
    fingerprint: str
    status: int
    body: str
    headers: dict[str, str] = field(default_factory=dict)
    answered_at: datetime

    def repeated_for(self, fingerprint: str) -> "KeyedAnswer":
        """Return this answer; raise IdempotencyKeyReused if the key came with another request."""
        if fingerprint != self.fingerprint:
            raise IdempotencyKeyReused
        return self


def compress(body: str) -> str:
    """Compress a body, because answers to bulk requests repeat the same words."""
    return base64.b64encode(zlib.compress(body.encode())).decode()


def decompress(text: str) -> str:
    return text if text.startswith("{") else zlib.decompress(base64.b64decode(text)).decode()


def check_key(key: str | None) -> None:
    if key is not None and not _KEY.fullmatch(key):
        raise InvalidHeader(f"Expected 1 to 255 printable ASCII characters in {NAME}.")


def fingerprint(operation: str, request: str) -> str:
    return hashlib.sha256(f"{operation}\n{request}".encode()).hexdigest()
