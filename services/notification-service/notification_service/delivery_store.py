"""Stores deliveries in PostgreSQL; each decision is one statement on the database clock."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import timedelta
from uuid import UUID

from service_runtime.outbox import append
from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    delete,
    exists,
    func,
    select,
    tuple_,
    update,
)

from notification_service.deferral_store import settle_items
from notification_service.deliveries import (
    KEPT,
    NO_TARGET,
    Claim,
    Delivery,
    Outcome,
    Rejection,
    Stage,
    outcome_event,
)
from notification_service.delivery_statements import (
    KEY,
    SETTLE,
    SETTLED,
    claim_of,
    claim_rows,
    claim_statement,
    end_statement,
    is_row_of,
    key_of,
    settle_values,
    stage_of,
    standings_of,
    states_of,
)
from notification_service.device_store import mark_dead
from notification_service.devices import removed_event
from notification_service.tables import deliveries, waiting_notifications

LONGEST_PROBLEM = 500  # characters
FORGOTTEN = 5_000  # rows of one statement


class PostgresDeliveries:
    """Stores deliveries; each settlement is published in the same transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def claim(self, delivery: Delivery, lease: timedelta) -> Claim:
        return self.claim_all([delivery], lease)[0]

    def claim_all(self, deliveries: Sequence[Delivery], lease: timedelta) -> Sequence[Claim]:
        """Claim different deliveries at once; return the claims in the same order."""
        with self._engine.begin() as connection:
            rows = connection.execute(claim_statement(lease), claim_rows(deliveries))
            claims = {(row.occurrence_id, row.target): claim_of(row) for row in rows}
            others = [delivery for delivery in deliveries if key_of(delivery) not in claims]
            if others:
                claims |= standings_of(connection, others)
        return [claims[key_of(delivery)] for delivery in deliveries]

    def release(self, delivery: Delivery, attempt: int, problem: str) -> None:
        """End the claim of this attempt, because the provider rejected the delivery."""
        self._move(delivery, attempt, "waiting", problem)

    def doubt(self, delivery: Delivery, attempt: int, problem: str) -> None:
        """Keep the claim until its lease ends, because the provider may have accepted it."""
        self._move(delivery, attempt, "unknown", problem)

    def reject(self, whole: Delivery, reason: str) -> Rejection:
        """Fail every open delivery of an occurrence, or `whole` if there is none."""
        with self._engine.begin() as connection:
            return reject(connection, whole, reason)

    def settle(self, delivery: Delivery, outcome: Outcome, *, forget_device: bool = False) -> bool:
        """Settle a delivery, with its device if asked; return True for the first settlement."""
        open_still = deliveries.c.state.not_in(SETTLED)
        with self._engine.begin() as connection:
            if forget_device:
                self._forget(connection, delivery, outcome)
            return self._end(connection, delivery, outcome, open_still)

    def settle_all(self, settlements: Sequence[tuple[Delivery, Outcome]]) -> None:
        """Settle different deliveries at once, without changing their devices."""
        with self._engine.begin() as connection:
            rows = connection.execute(SETTLE, settle_values(settlements))
            settled = {(row.occurrence_id, row.target) for row in rows}
            ended = [one for one in settlements if key_of(one[0]) in settled]
            append(connection, *(outcome_event(*one) for one in ended))
            for one in ended:
                append(connection, *settle_items(connection, *one))

    def overturn(self, delivery: Delivery, reason: str, problem: str = "") -> bool:
        """Fail a delivery that the provider had accepted; return False if it had failed before.

        `problem` is the text of the provider. It can contain the address, so only the table stores
        it.
        """
        taken = deliveries.c.state != "failed"
        with self._engine.begin() as connection:
            found = select(deliveries.c.provider_id).where(is_row_of(delivery))
            outcome = Outcome(provider_id=connection.scalar(found), reason=reason)
            if not self._end(connection, delivery, outcome, taken):
                return False
            if text := without_nul(problem):
                row = update(deliveries).where(is_row_of(delivery))
                connection.execute(row.values(problem=text))
            return True

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

    def forget(self) -> int:
        """Delete some old deliveries; return their number."""
        waits = exists().where(waiting_notifications.c.occurrence_id == deliveries.c.occurrence_id)
        is_old = deliveries.c.claimed_at < func.now() - KEPT
        some = select(*KEY).where(is_old, ~waits).limit(FORGOTTEN)
        with self._engine.begin() as connection:
            return connection.execute(delete(deliveries).where(tuple_(*KEY).in_(some))).rowcount

    def _move(self, delivery: Delivery, attempt: int, state: str, problem: str) -> None:
        """Change the state, unless the lease ended and another attempt claimed the delivery."""
        text = without_nul(problem)
        ours = deliveries.c.state == "claimed", deliveries.c.attempts == attempt
        with self._engine.begin() as connection:
            own = update(deliveries).where(is_row_of(delivery), *ours)
            connection.execute(own.values(state=state, problem=text))

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
        append(connection, *settle_items(connection, delivery, outcome))
        return True

    def _forget(self, connection: Connection, delivery: Delivery, outcome: Outcome) -> None:
        device_id = UUID(delivery.target)
        if mark_dead(connection, delivery.user_id, device_id):
            removed = removed_event(delivery.user_id, device_id, outcome.reason)
            append(connection, removed)


def without_nul(problem: str) -> str:
    return problem.replace("\0", "")[:LONGEST_PROBLEM]


def reject(connection: Connection, whole: Delivery, reason: str) -> Rejection:
    """Fail every open delivery of an occurrence, or `whole` if there is none."""
    states = states_of(connection, whole.occurrence_id)
    if "held" in states.values():
        return Rejection.HELD
    reached = "delivered" in states.values()
    waiting = [target for target, state in states.items() if state not in SETTLED]
    targets = [target for target in waiting if target != NO_TARGET]
    if not states or (NO_TARGET in waiting and not targets):
        targets = [NO_TARGET]
    outcome = Outcome(reason=reason)
    for target in sorted(targets):
        delivery = replace(whole, target=target)
        if connection.execute(end_statement(delivery, outcome)).first():
            append(connection, outcome_event(delivery, outcome))
            append(connection, *settle_items(connection, delivery, outcome))
    return Rejection.REACHED if reached else Rejection.ENDED
