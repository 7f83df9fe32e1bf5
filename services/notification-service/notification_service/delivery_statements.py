"""Builds the statements that decide on deliveries, and reads the state of their rows.

All of them use the clock of the database.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    case,
    extract,
    func,
    literal,
    not_,
    or_,
    select,
    text,
    tuple_,
)
from sqlalchemy.dialects.postgresql import insert

from notification_service.deliveries import (
    NO_TARGET,
    Claim,
    Delivery,
    Outcome,
    Stage,
    Standing,
)
from notification_service.tables import deliveries

Key = tuple[UUID, str]
KEY = (deliveries.c.occurrence_id, deliveries.c.target)
SETTLED = ("delivered", "failed", "deferred")
# `held` while the lease of a worker is valid
STATE = case(
    (or_(deliveries.c.state == "waiting", deliveries.c.state.in_(SETTLED)), deliveries.c.state),
    (deliveries.c.lease_until > func.now(), literal("held")),
    else_=deliveries.c.state,
)
STATES = select(deliveries.c.target, STATE.label("state")).where(
    deliveries.c.occurrence_id == bindparam("occurrence_id")
)
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


def stage_of(connection: Connection, occurrence_id: UUID) -> Stage:
    return stage_by(states_of(connection, occurrence_id))


def states_of(connection: Connection, occurrence_id: UUID) -> dict[str, str]:
    """Return the state of each target; `held` while the lease of a worker is valid."""
    rows = connection.execute(STATES, {"occurrence_id": occurrence_id})
    return {row.target: row.state for row in rows}


def stage_by(states: Mapping[str, str]) -> Stage:
    """Return the stage of an occurrence from the states of its targets."""
    targets = [state for target, state in states.items() if target != NO_TARGET]
    if states.get(NO_TARGET) in SETTLED:
        return Stage.SETTLED
    if targets and all(state in SETTLED for state in targets):
        return Stage.SETTLED
    reached = {"delivered", "unknown", "held"}.intersection(targets)
    return Stage.BEGUN if reached else Stage.NEW


def claim_of(row: Any) -> Claim:
    return Claim(standing=Standing.OURS, attempts=row.attempts, unknowns=row.unknowns)


def standings_of(connection: Connection, given: Sequence[Delivery]) -> dict[Key, Claim]:
    """Return the state of deliveries that could not be claimed, by occurrence and target."""
    left = extract("epoch", deliveries.c.lease_until - func.now())
    query = select(*KEY, deliveries.c.state, deliveries.c.attempts, left.label("left"))
    rows = connection.execute(query.where(is_row_of_one(given)))
    return {(row.occurrence_id, row.target): standing_of(row) for row in rows}


def standing_of(row: Any) -> Claim:
    if row.state in SETTLED:
        return Claim(standing=Standing.SETTLED, attempts=row.attempts)
    # The holder may have released it at this moment.
    return Claim(standing=Standing.HELD, attempts=row.attempts, free_in=max(0.0, float(row.left)))
