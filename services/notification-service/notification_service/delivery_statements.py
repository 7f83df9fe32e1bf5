"""Builds the statements that decide on deliveries, on the clock of the database."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    and_,
    case,
    column,
    func,
    not_,
    or_,
    tuple_,
    update,
    values,
)
from sqlalchemy.dialects.postgresql import insert

from notification_service.deliveries import Delivery, Outcome
from notification_service.tables import deliveries

Key = tuple[UUID, str]
KEY = (deliveries.c.occurrence_id, deliveries.c.target)
SETTLED = ("delivered", "failed", "deferred")


def is_row_of(delivery: Delivery) -> ColumnElement[bool]:
    return and_(
        deliveries.c.occurrence_id == delivery.occurrence_id,
        deliveries.c.target == delivery.target,
    )


def is_row_of_one(given: Sequence[Delivery]) -> ColumnElement[bool]:
    key = tuple_(deliveries.c.occurrence_id, deliveries.c.target)
    return key.in_([key_of(delivery) for delivery in given])


def key_of(delivery: Delivery) -> Key:
    return delivery.occurrence_id, delivery.target


def claim_statement(given: Sequence[Delivery], lease: timedelta) -> Any:
    """Insert rows, or take over those without a valid lease; return only claimed rows."""
    taken = {"state": "claimed", "claimed_at": func.now(), "lease_until": func.now() + lease}
    # The order prevents deadlocks between workers with the same message.
    rows = [
        asdict(delivery) | taken | {"attempts": 1, "unknowns": 0}
        for delivery in sorted(given, key=key_of)
    ]
    abandoned = and_(
        deliveries.c.state.in_(("claimed", "unknown")), deliveries.c.lease_until <= func.now()
    )
    return (
        insert(deliveries)
        .values(rows)
        .on_conflict_do_update(
            index_elements=["occurrence_id", "target"],
            set_={
                **taken,
                "attempts": deliveries.c.attempts + 1,
                "unknowns": deliveries.c.unknowns + case((abandoned, 1), else_=0),
            },
            where=or_(deliveries.c.state == "waiting", abandoned),
        )
        .returning(*KEY, deliveries.c.attempts, deliveries.c.unknowns)
    )


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


def settle_statement(settlements: Sequence[tuple[Delivery, Outcome]]) -> Any:
    """Settle each delivery with its own outcome, and return a row for each that was open."""
    names = ("provider_id", "reason", "state")
    columns = [*KEY, *(deliveries.c[name] for name in names)]
    ends = values(*(column(one.name, one.type) for one in columns), name="ends").data(
        [
            (*key_of(delivery), *(getattr(outcome, name) for name in names))
            for delivery, outcome in settlements
        ]
    )
    return (
        update(deliveries)
        .where(
            *(one == ends.c[one.name] for one in KEY),
            deliveries.c.state.not_in(SETTLED),
        )
        .values({name: ends.c[name] for name in names} | {"settled_at": func.now()})
        .returning(*KEY)
    )
