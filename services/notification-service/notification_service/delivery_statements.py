"""Builds the statements that decide on deliveries, on the clock of the database."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    and_,
    case,
    func,
    not_,
    or_,
    text,
    tuple_,
)
from sqlalchemy.dialects.postgresql import insert

from notification_service.deliveries import Delivery, Outcome
from notification_service.tables import deliveries

Key = tuple[UUID, str]
KEY = (deliveries.c.occurrence_id, deliveries.c.target)
SETTLED = ("delivered", "failed", "deferred")
# Settles each delivery with its own outcome, and returns a row for each that was open.
SETTLE = text("""
update deliveries
set provider_id = ends.provider_id, reason = ends.reason, state = ends.state, settled_at = now()
from unnest(
    cast(:occurrence_ids as uuid[]),
    cast(:targets as text[]),
    cast(:provider_ids as text[]),
    cast(:reasons as text[]),
    cast(:states as text[])
) as ends (occurrence_id, target, provider_id, reason, state)
where deliveries.occurrence_id = ends.occurrence_id
    and deliveries.target = ends.target
    and deliveries.state <> all(:settled)
returning deliveries.occurrence_id, deliveries.target
""")


def is_row_of(delivery: Delivery) -> ColumnElement[bool]:
    return and_(
        deliveries.c.occurrence_id == delivery.occurrence_id,
        deliveries.c.target == delivery.target,
    )


def is_row_of_one(given: Sequence[Delivery]) -> ColumnElement[bool]:
    return tuple_(*KEY).in_([key_of(delivery) for delivery in given])


def key_of(delivery: Delivery) -> Key:
    return delivery.occurrence_id, delivery.target


@cache
def claim_statement(lease: timedelta) -> Any:
    """Insert `claim_rows`, or take over those without a valid lease; return only claimed rows."""
    taken = {"state": "claimed", "claimed_at": func.now(), "lease_until": func.now() + lease}
    # An `in_` cannot be executed with several rows.
    unsettled = or_(deliveries.c.state == "claimed", deliveries.c.state == "unknown")
    abandoned = and_(unsettled, deliveries.c.lease_until <= func.now())
    added = insert(deliveries).values(**taken, attempts=1, unknowns=0)
    return added.on_conflict_do_update(
        index_elements=["occurrence_id", "target"],
        set_={
            **{name: added.excluded[name] for name in taken},
            "attempts": deliveries.c.attempts + 1,
            "unknowns": deliveries.c.unknowns + case((abandoned, 1), else_=0),
        },
        where=or_(deliveries.c.state == "waiting", abandoned),
    ).returning(*KEY, deliveries.c.attempts, deliveries.c.unknowns)


def claim_rows(given: Sequence[Delivery]) -> list[dict[str, Any]]:
    """Return rows in an order that prevents deadlocks between workers with the same message."""
    return [asdict(delivery) for delivery in sorted(given, key=key_of)]


def end_statement(delivery: Delivery, outcome: Outcome) -> Any:
    """Settle a delivery without a holder; return a row if it was open."""
    now = {name: func.now() for name in ("claimed_at", "lease_until", "settled_at")}
    ended = {"state": outcome.state, **asdict(outcome), **now}
    held = and_(
        deliveries.c.state.in_(("claimed", "unknown")), deliveries.c.lease_until > func.now()
    )
    return (
        insert(deliveries)
        .values(**asdict(delivery), **ended, attempts=0, unknowns=0)
        .on_conflict_do_update(
            index_elements=["occurrence_id", "target"],
            set_=ended,
            where=and_(deliveries.c.state.not_in(SETTLED), not_(held)),
        )
        .returning(deliveries.c.target)
    )


def settle_values(settlements: Sequence[tuple[Delivery, Outcome]]) -> dict[str, list[Any]]:
    """Return the values of `SETTLE`."""
    return {
        "occurrence_ids": [delivery.occurrence_id for delivery, _ in settlements],
        "targets": [delivery.target for delivery, _ in settlements],
        "provider_ids": [outcome.provider_id for _, outcome in settlements],
        "reasons": [outcome.reason for _, outcome in settlements],
        "states": [outcome.state for _, outcome in settlements],
        "settled": list(SETTLED),
    }
