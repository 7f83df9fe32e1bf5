"""Deliveries in PostgreSQL; every decision is one statement, by the database's clock."""

import logging
import threading
from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any
from uuid import UUID

from service_runtime.outbox import append
from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    and_,
    delete,
    extract,
    func,
    select,
    tuple_,
    update,
)
from sqlalchemy.exc import SQLAlchemyError

from notification_service.deliveries import (
    Claim,
    Delivery,
    Outcome,
    Stage,
    Standing,
    outcome_event,
)
from notification_service.delivery_statements import (
    KEY,
    SETTLED,
    Key,
    claim_statement,
    is_row_of,
    is_row_of_one,
    key_of,
    settle_statement,
)
from notification_service.device_store import delete_device
from notification_service.devices import removed_event
from notification_service.tables import deliveries

LONGEST_PROBLEM = 500  # characters
STEP = 5_000  # rows forgotten in one statement

logger = logging.getLogger(__name__)


class PostgresDeliveries:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def claim(self, delivery: Delivery, lease: timedelta) -> Claim:
        return self.claim_all([delivery], lease)[0]

    def claim_all(self, deliveries: Sequence[Delivery], lease: timedelta) -> Sequence[Claim]:
        with self._engine.begin() as connection:
            rows = connection.execute(claim_statement(deliveries, lease))
            claims = {(row.occurrence_id, row.target): claim_of(row) for row in rows}
            others = [delivery for delivery in deliveries if key_of(delivery) not in claims]
            if others:
                claims |= standings_of(connection, others)
        return [claims[key_of(delivery)] for delivery in deliveries]

    def release(self, delivery: Delivery, problem: str) -> None:
        self._move(delivery, "waiting", problem)

    def doubt(self, delivery: Delivery, problem: str) -> None:
        self._move(delivery, "unknown", problem)

    def settle(self, delivery: Delivery, outcome: Outcome, *, forget_device: bool = False) -> bool:
        open_still = deliveries.c.state.not_in(SETTLED)
        with self._engine.begin() as connection:
            if forget_device:
                self._forget(connection, delivery, outcome)
            return self._end(connection, delivery, outcome, open_still)

    def settle_all(self, settlements: Sequence[tuple[Delivery, Outcome]]) -> None:
        with self._engine.begin() as connection:
            rows = connection.execute(settle_statement(settlements))
            settled = {(row.occurrence_id, row.target) for row in rows}
            events = [
                outcome_event(delivery, outcome)
                for delivery, outcome in settlements
                if key_of(delivery) in settled
            ]
            append(connection, *events)

    def overturn(self, delivery: Delivery, reason: str) -> bool:
        taken = deliveries.c.state != "failed"
        with self._engine.begin() as connection:
            found = select(deliveries.c.provider_id).where(is_row_of(delivery))
            outcome = Outcome(provider_id=connection.scalar(found), reason=reason)
            return self._end(connection, delivery, outcome, taken)

    def stage(self, occurrence_id: UUID) -> Stage:
        with self._engine.connect() as connection:
            return stage_of(connection, occurrence_id)

    def of_email(self, occurrence_id: UUID) -> Delivery | None:
        columns = [deliveries.c[name] for name in Delivery.__dataclass_fields__]
        query = select(*columns).where(
            deliveries.c.occurrence_id == occurrence_id, deliveries.c.channel == "email"
        )
        with self._engine.connect() as connection:
            row = connection.execute(query).mappings().first()
        return Delivery(**row) if row else None

    def _move(self, delivery: Delivery, state: str, problem: str) -> None:
        text = problem.replace("\0", "")[:LONGEST_PROBLEM]
        claimed = and_(is_row_of(delivery), deliveries.c.state == "claimed")
        with self._engine.begin() as connection:
            connection.execute(update(deliveries).where(claimed).values(state=state, problem=text))

    def _end(
        self,
        connection: Connection,
        delivery: Delivery,
        outcome: Outcome,
        condition: ColumnElement[bool],
    ) -> bool:
        ended = update(deliveries).where(is_row_of(delivery), condition)
        values = {"state": outcome.state, "settled_at": func.now(), **asdict(outcome)}
        if connection.execute(ended.values(values)).rowcount == 0:
            return False
        append(connection, outcome_event(delivery, outcome))
        return True

    def _forget(self, connection: Connection, delivery: Delivery, outcome: Outcome) -> None:
        device_id = UUID(delivery.target)
        if delete_device(connection, delivery.user_id, device_id):
            removed = removed_event(delivery.user_id, device_id, outcome.reason)
            append(connection, removed)


def stage_of(connection: Connection, occurrence_id: UUID) -> Stage:
    deferred = func.bool_or(deliveries.c.state == "deferred")
    query = select(deferred).where(deliveries.c.occurrence_id == occurrence_id)
    found = connection.scalar(query)  # null of no row
    if found is None:
        return Stage.NEW
    return Stage.DEFERRED if found else Stage.BEGUN


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


class ForgetfulDeliveries:
    """Forgets old deliveries once an hour.

    A message lives for 14 days in its queue and for as long again in the dead letters; after
    that it cannot be repeated, and what is kept of it are only personal data.
    """

    def __init__(self, engine: Engine, keep: timedelta = timedelta(days=30)) -> None:
        self._engine, self._keep = engine, keep
        self._stopping = threading.Event()

    def run(self) -> None:
        while not self._stopping.is_set():
            try:
                self.forget()
            except SQLAlchemyError as error:
                logger.warning("old deliveries stay", extra={"reason": type(error).__name__})
            self._stopping.wait(3600)

    def stop(self) -> None:
        self._stopping.set()

    def forget(self) -> int:
        """How many were forgotten; in steps, so that no statement runs long."""
        old = select(deliveries.c.occurrence_id, deliveries.c.target).where(
            deliveries.c.claimed_at < func.now() - self._keep
        )
        key = tuple_(deliveries.c.occurrence_id, deliveries.c.target)
        step = delete(deliveries).where(key.in_(old.limit(STEP)))
        forgotten = 0
        while not self._stopping.is_set():
            with self._engine.begin() as connection:
                count = connection.execute(step).rowcount
            forgotten += count
            if count < STEP:
                break
        return forgotten
