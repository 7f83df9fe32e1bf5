"""What the rows of deliveries say."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, extract, func, select

from notification_service.deliveries import NO_TARGET, Claim, Delivery, Stage, Standing
from notification_service.delivery_statements import KEY, SETTLED, Key, is_row_of_one
from notification_service.tables import deliveries


def stage_of(connection: Connection, occurrence_id: UUID) -> Stage:
    query = select(deliveries.c.target, deliveries.c.state)
    rows = connection.execute(query.where(deliveries.c.occurrence_id == occurrence_id))
    return stage_by({row.target: row.state for row in rows})


def stage_by(states: Mapping[str, str]) -> Stage:
    """By the state of each target."""
    if states.get(NO_TARGET) in SETTLED:
        return Stage.SETTLED
    return Stage.BEGUN if states.keys() - {NO_TARGET} else Stage.NEW


def claim_of(row: Any) -> Claim:
    return Claim(standing=Standing.OURS, attempts=row.attempts, unknowns=row.unknowns)


def standings_of(connection: Connection, given: Sequence[Delivery]) -> dict[Key, Claim]:
    """Why deliveries could not be claimed."""
    left = extract("epoch", deliveries.c.lease_until - func.now())
    query = select(*KEY, deliveries.c.state, deliveries.c.attempts, left.label("left"))
    rows = connection.execute(query.where(is_row_of_one(given)))
    return {(row.occurrence_id, row.target): standing_of(row) for row in rows}


def standing_of(row: Any) -> Claim:
    if row.state in SETTLED:
        return Claim(standing=Standing.SETTLED, attempts=row.attempts)
    # The holder may have given it back in this very moment.
    return Claim(standing=Standing.HELD, attempts=row.attempts, free_in=max(0.0, float(row.left)))
