"""Stores answers to requests with an Idempotency-Key in PostgreSQL."""

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, tuple_

from reminder_service.errors import TooManyKeys
from reminder_service.idempotency import KEPT, KeyedAnswer, compress, decompress
from reminder_service.tables import keyed_answers

KEYS_PER_USER = 20_000  # per day
FORGOTTEN = 1_000  # answers of one statement, which may take ten seconds


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
