"""Reads the state of deliveries from their rows."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, case, extract, func, literal, or_, select

from notification_service.deliveries import NO_TARGET, Claim, Delivery, Stage, Standing
from notification_service.delivery_statements import KEY, SETTLED, Key, is_row_of_one
from notification_service.tables import deliveries

# `held` while the lease of a worker is valid
STATE = case(
    (or_(deliveries.c.state == "waiting", deliveries.c.state.in_(SETTLED)), deliveries.c.state),
    (deliveries.c.lease_until > func.now(), literal("held")),
    else_=deliveries.c.state,
)
STATES = select(deliveries.c.target, STATE.label("state")).where(
    deliveries.c.occurrence_id == bindparam("occurrence_id")
)


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
