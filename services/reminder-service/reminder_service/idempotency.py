"""Stores answers to requests with an Idempotency-Key, and repeats them within a day."""

import base64
import hashlib
import re
import zlib
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, insert, select, tuple_

from reminder_service.errors import IdempotencyKeyReused, TooManyKeys
from reminder_service.tables import keyed_answers

NAME = "Idempotency-Key"
KEPT = timedelta(hours=24)
KEYS_PER_USER = 20_000  # per day
FORGOTTEN = 1_000  # answers of one statement, which may take ten seconds

KEY = re.compile(r"[\x20-\x7e]{1,255}")


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


def fingerprint(operation: str, request: str) -> str:
    return hashlib.sha256(f"{operation}\n{request}".encode()).hexdigest()


def find_answer(
    connection: Connection, user_id: str, key: str, now: datetime
) -> KeyedAnswer | None:
    query = select(keyed_answers).where(
        keyed_answers.c.user_id == user_id,
        keyed_answers.c.key == key,
        keyed_answers.c.answered_at > now - KEPT,
    )
    row = connection.execute(query).mappings().one_or_none()
    return KeyedAnswer(**{**row, "body": decompress(row["body"])}) if row else None


def find_repeated(
    connection: Connection, user_id: str, answer: KeyedAnswer | None
) -> KeyedAnswer | None:
    """Return the stored answer to the same request.

    Raises IdempotencyKeyReused if the key came with another request.
    """
    if answer is None:
        return None
    earlier = find_answer(connection, user_id, answer.key, answer.answered_at)
    return earlier.repeated_for(answer.fingerprint) if earlier else None


def keep_answer(connection: Connection, answer: KeyedAnswer) -> None:
    """Store the answer, and replace one to the same key that is older than a day."""
    same = (keyed_answers.c.user_id == answer.user_id) & (keyed_answers.c.key == answer.key)
    connection.execute(delete(keyed_answers).where(same))
    mine = select(keyed_answers.c.key).where(keyed_answers.c.user_id == answer.user_id)
    kept = select(func.count()).select_from(mine.limit(KEYS_PER_USER).subquery())
    if (connection.scalar(kept) or 0) >= KEYS_PER_USER:
        raise TooManyKeys
    values = {**asdict(answer), "body": compress(answer.body)}
    connection.execute(insert(keyed_answers).values(values))


def delete_answers(connection: Connection, now: datetime) -> int:
    """Delete some answers that are older than a day; return their number."""
    old = keyed_answers.c.answered_at <= now - KEPT
    key = tuple_(keyed_answers.c.user_id, keyed_answers.c.key)
    some = select(keyed_answers.c.user_id, keyed_answers.c.key).where(old).limit(FORGOTTEN)
    return connection.execute(delete(keyed_answers).where(key.in_(some))).rowcount
