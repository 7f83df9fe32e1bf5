"""The stores in memory and in PostgreSQL keep the same promises."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from event_messages.event import Event
from notification_service.deliveries import Claim, Outcome, Rejection, Stage, Standing
from notification_service.delivery_store import PostgresDeliveries
from notification_service.device_store import PostgresDevices, PostgresSuppressedAddresses
from notification_service.devices import DEVICES_PER_USER, Device, registered_event, removed_event
from notification_service.errors import DeviceLimitReached
from notification_service.waiting import NotNow
from notification_service.waiting_store import PostgresWaitingNotifications
from sqlalchemy import Engine, text
from sqlalchemy.event import listen

from tests.services.notification_service import fakes
from tests.services.notification_service.examples import (
    NOTIFICATION,
    OCCURRENCE,
    REMINDER,
    delivery,
    device,
    due,
)
from tests.services.notification_service.fake_devices import InMemoryDevices

MINUTE = timedelta(minutes=1)
ENDED = timedelta(0)  # a lease that ends as it begins
OURS = Claim(standing=Standing.OURS, attempts=1)


@dataclass
class Stores:
    devices: Any
    deliveries: Any
    suppressed: Any
    events: Callable[[], list[Event]]  # that were stored to be published

    def add(self, *devices: Device) -> None:
        for one in devices:
            self.devices.add(one, registered_event(one))


def in_memory() -> Stores:
    devices = InMemoryDevices()
    deliveries = fakes.InMemoryDeliveries(devices)
    suppressed = fakes.InMemorySuppressedAddresses()
    return Stores(devices, deliveries, suppressed, lambda: devices.outbox)


def in_postgresql(engine: Engine) -> Stores:
    def events() -> list[Event]:
        with engine.connect() as connection:
            bodies = connection.scalars(text("select body from outbox order by position"))
            return [Event.from_json(body) for body in bodies]

    return Stores(
        PostgresDevices(engine),
        PostgresDeliveries(engine),
        PostgresSuppressedAddresses(engine),
        events,
    )


@pytest.fixture(params=["memory", pytest.param("postgresql", marks=pytest.mark.integration)])
def stores(request: pytest.FixtureRequest) -> Stores:
    if request.param == "memory":
        return in_memory()
    return in_postgresql(request.getfixturevalue("engine"))


def types(stores: Stores) -> list[str]:
    return [event.type for event in stores.events()]


def test_devices_are_listed_oldest_first(stores):
    mine = [device("a"), device("b")]
    stores.add(*mine, device("c", "eve"))
    assert list(stores.devices.of("ada")) == mine
    assert types(stores) == ["device:registered"] * 3
    assert stores.events()[0].data == {"deviceId": str(mine[0].id)}


def test_token_is_registered_once(stores):
    first, again = device("a"), device("a")
    stores.add(first)
    assert stores.devices.add(again, registered_event(again)) == first
    assert list(stores.devices.of("ada")) == [first]
    assert types(stores) == ["device:registered"]


def test_token_leaves_its_earlier_owner(stores):
    hers, his = device("a"), device("a", "bob")
    stores.add(hers, his)
    assert list(stores.devices.of("ada")) == []
    assert list(stores.devices.of("bob")) == [his]
    assert [(e.type, e.user_id, e.data.get("reason")) for e in stores.events()] == [
        ("device:registered", "ada", None),
        ("device:removed", "ada", "TRANSFERRED"),
        ("device:registered", "bob", None),
    ]


def test_installation_keeps_its_device(stores):
    old = replace(device("old"), installation_id="phone")
    new = replace(device("new"), installation_id="phone")
    stores.add(old)
    assert stores.devices.add(new, registered_event(new)) == replace(old, fcm_token="new")
    his = replace(device("newest", "bob"), installation_id="phone")
    stores.add(his)
    assert list(stores.devices.of("ada")) == []
    assert list(stores.devices.of("bob")) == [his]


def test_one_phone_becomes_one_device(stores):
    by_token, by_installation = device("a"), replace(device("b"), installation_id="phone")
    stores.add(by_token, by_installation)
    merged = replace(device("a"), installation_id="phone")
    assert stores.devices.add(merged, registered_event(merged)).id == by_token.id
    assert [one.id for one in stores.devices.of("ada")] == [by_token.id]
    assert stores.events()[-1].data == {"deviceId": str(by_installation.id), "reason": "REPLACED"}


def test_dead_device_is_revived(stores):
    one, again = device("a"), device("a")
    stores.add(one)
    gone = delivery(str(one.id))
    stores.deliveries.claim(gone, MINUTE)
    stores.deliveries.settle(gone, Outcome(reason="UNREGISTERED"), forget_device=True)
    assert list(stores.devices.of("ada")) == []
    assert stores.devices.add(again, registered_event(again)) == one
    assert list(stores.devices.of("ada")) == [one]
    assert types(stores)[-1] == "device:registered"


@pytest.mark.integration
def test_dead_devices_are_deleted_after_days(engine):
    stores = in_postgresql(engine)
    one = device("a")
    stores.add(one)
    gone = delivery(str(one.id))
    stores.deliveries.claim(gone, MINUTE)
    stores.deliveries.settle(gone, Outcome(reason="UNREGISTERED"), forget_device=True)
    assert stores.devices.delete_dead() == 0
    assert stores.devices.delete_dead(timedelta(0)) == 1


@pytest.mark.integration
def test_registrations_at_once_leave_one_owner(engine):
    stores = in_postgresql(engine)
    users = iter([f"user-{number}" for number in range(8)])
    at_once(8, lambda: stores.add(device("shared", next(users))))
    owners = [user for user in (f"user-{n}" for n in range(8)) if stores.devices.of(user)]
    assert len(owners) == 1
    assert sorted(types(stores)) == ["device:registered"] * 8 + ["device:removed"] * 7


def test_user_has_limited_devices(stores):
    stores.add(*(device(f"token-{number}") for number in range(DEVICES_PER_USER)))
    with pytest.raises(DeviceLimitReached):
        stores.add(device("one-more"))
    stores.add(device("token-1"))
    assert len(stores.devices.of("ada")) == len(stores.events()) == DEVICES_PER_USER


def test_device_is_removed_once_by_owner(stores):
    one = device()
    stores.add(one)
    assert not remove(stores, "eve", one.id)
    assert remove(stores, "ada", one.id)
    assert not remove(stores, "ada", one.id)
    assert list(stores.devices.of("ada")) == []
    assert types(stores) == ["device:registered", "device:removed"]


def remove(stores: Stores, user_id: str, device_id: UUID) -> bool:
    removed: bool = stores.devices.remove(user_id, device_id, removed_event(user_id, device_id))
    return removed


def test_the_first_claim_gets_a_delivery(stores):
    one = delivery()
    assert stores.deliveries.claim(one, MINUTE) == OURS
    held = stores.deliveries.claim(one, MINUTE)
    assert (held.standing, held.attempts) == (Standing.HELD, 1)
    assert 50 < held.free_in <= 60


def test_targets_of_occurrence_are_claimed_separately(stores):
    one = delivery()
    other = delivery(occurrence_id=one.occurrence_id)
    assert stores.deliveries.claim(one, MINUTE) == stores.deliveries.claim(other, MINUTE) == OURS


def test_joint_claims_have_separate_ids(stores):
    new, held, waiting, settled, abandoned = given = [delivery() for _ in range(5)]
    stores.deliveries.claim_all([held, waiting, settled], MINUTE)
    stores.deliveries.claim(abandoned, ENDED)
    stores.deliveries.release(waiting, 1, "throttled")
    stores.deliveries.settle(settled, Outcome(provider_id="fcm-1"))

    claims = dict(zip(given, stores.deliveries.claim_all(given, MINUTE), strict=True))
    assert claims[new] == OURS
    assert claims[held].standing is Standing.HELD
    assert 50 < claims[held].free_in <= 60
    assert claims[waiting] == Claim(standing=Standing.OURS, attempts=2)
    assert claims[settled] == Claim(standing=Standing.SETTLED, attempts=1)
    assert claims[abandoned] == Claim(standing=Standing.OURS, attempts=2, unknowns=1)


def test_joint_settlements_publish_once_each(stores):
    first, second, late = delivery(), delivery(), delivery()
    stores.deliveries.claim_all([first, second, late], MINUTE)
    stores.deliveries.settle(late, Outcome(reason="UNREGISTERED"))
    stores.deliveries.settle_all(
        [
            (first, Outcome(provider_id="fcm-1")),
            (late, Outcome(provider_id="fcm-2")),
            (second, Outcome(provider_id="fcm-3")),
        ]
    )
    assert [(e.type, e.data["target"], e.data.get("providerId")) for e in stores.events()] == [
        ("notification:failed", late.target, None),
        ("notification:delivered", first.target, "fcm-1"),
        ("notification:delivered", second.target, "fcm-3"),
    ]
    claims = stores.deliveries.claim_all([first, second, late], MINUTE)
    assert {claim.standing for claim in claims} == {Standing.SETTLED}


@pytest.mark.integration
def test_statement_count_is_independent_of_devices(engine):
    statements: list[str] = []
    listen(
        engine, "before_cursor_execute", lambda *told: statements.append(told[2].split()[0].lower())
    )
    deliveries = PostgresDeliveries(engine)
    given = [delivery() for _ in range(20)]
    deliveries.claim_all(given, MINUTE)
    deliveries.settle_all([(one, Outcome(provider_id="fcm-1")) for one in given])
    assert statements == ["insert", "update", "with"]


def test_a_released_delivery_is_claimed_again(stores):
    one = delivery()
    stores.deliveries.claim(one, MINUTE)
    stores.deliveries.release(one, 1, "throttled\0" * 1000)
    again = stores.deliveries.claim(one, MINUTE)
    assert again == Claim(standing=Standing.OURS, attempts=2)


def test_abandoned_delivery_counts_unknown_outcome(stores):
    one = delivery()
    stores.deliveries.claim(one, ENDED)
    again = stores.deliveries.claim(one, MINUTE)
    assert again == Claim(standing=Standing.OURS, attempts=2, unknowns=1)


def test_uncertain_delivery_waits_for_its_lease(stores):
    held, ended = delivery(), delivery()
    stores.deliveries.claim(held, MINUTE)
    stores.deliveries.claim(ended, ENDED)
    for one in (held, ended):
        stores.deliveries.doubt(one, 1, "no answer")
    assert stores.deliveries.claim(held, MINUTE).standing == Standing.HELD
    again = stores.deliveries.claim(ended, MINUTE)
    assert again == Claim(standing=Standing.OURS, attempts=2, unknowns=1)


@pytest.mark.parametrize(
    ("outcome", "type"),
    [
        (Outcome(provider_id="message-1"), "notification:delivered"),
        (Outcome(reason="REFUSED"), "notification:failed"),
    ],
)
def test_delivery_is_settled_and_published_once(stores, outcome, type):
    one = delivery()
    stores.deliveries.claim(one, ENDED)
    assert stores.deliveries.settle(one, outcome)
    assert not stores.deliveries.settle(one, Outcome(reason="TOO_LATE"))
    assert stores.deliveries.claim(one, MINUTE).standing == Standing.SETTLED
    (event,) = stores.events()
    assert (event.type, event.user_id) == (type, "ada")
    assert event.data == {
        "notificationId": str(NOTIFICATION),
        "reminderId": str(REMINDER),
        "occurrenceId": str(one.occurrence_id),
        "channel": "push",
        "target": one.target,
        "providerId": outcome.provider_id,
        "reason": outcome.reason,
        "settledAt": event.data["settledAt"],
    }


def test_late_release_keeps_delivery_settled(stores):
    one = delivery()
    stores.deliveries.claim(one, MINUTE)
    stores.deliveries.settle(one, Outcome(provider_id="message-1"))
    stores.deliveries.release(one, 1, "late")
    stores.deliveries.doubt(one, 1, "late")
    assert stores.deliveries.claim(one, MINUTE).standing == Standing.SETTLED


def test_an_unclaimed_delivery_is_not_settled(stores):
    assert not stores.deliveries.settle(delivery(), Outcome(reason="REFUSED"))
    assert stores.events() == []


def test_failed_delivery_may_remove_its_device(stores):
    one, other = device("a"), device("b")
    stores.add(one, other)
    gone = delivery(str(one.id))
    stores.deliveries.claim(gone, MINUTE)
    for _ in range(2):
        stores.deliveries.settle(gone, Outcome(reason="UNREGISTERED"), forget_device=True)
    assert list(stores.devices.of("ada")) == [other]
    removed, failed = stores.events()[2:]
    assert (removed.type, removed.data) == (
        "device:removed",
        {"deviceId": str(one.id), "reason": "UNREGISTERED"},
    )
    assert failed.type == "notification:failed"


def test_accepted_delivery_can_fail_once_later(stores):
    one = delivery("ada@example.org", channel="email")
    stores.deliveries.claim(one, MINUTE)
    stores.deliveries.settle(one, Outcome(provider_id="ses-1"))
    assert stores.deliveries.overturn(one, "BOUNCED")
    assert not stores.deliveries.overturn(one, "BOUNCED")
    assert types(stores) == ["notification:delivered", "notification:failed"]
    assert stores.events()[1].data["providerId"] == "ses-1"
    assert stores.events()[1].data["reason"] == "BOUNCED"


def test_unknown_delivery_cannot_be_overturned(stores):
    assert not stores.deliveries.overturn(delivery(), "BOUNCED")
    assert stores.events() == []


def test_stage_tells_what_was_reached(stores):
    one = delivery()

    def stage() -> Stage:
        found: Stage = stores.deliveries.stage(one.occurrence_id)
        return found

    assert stage() is Stage.NEW
    stores.deliveries.claim(one, MINUTE)
    assert stage() is Stage.BEGUN
    stores.deliveries.release(one, 1, "throttled")
    assert stage() is Stage.NEW
    stores.deliveries.claim(one, ENDED)
    assert stage() is Stage.NEW
    stores.deliveries.doubt(one, 2, "no answer")
    assert stage() is Stage.BEGUN
    stores.deliveries.settle(one, Outcome(provider_id="fcm-1"))
    assert stage() is Stage.SETTLED


def test_ended_claim_cannot_be_released(stores):
    """A worker that lost its lease frees no claim of the next one."""
    one = delivery()
    stores.deliveries.claim(one, ENDED)
    stores.deliveries.claim(one, MINUTE)
    stores.deliveries.release(one, 1, "late")
    assert stores.deliveries.claim(one, MINUTE).standing is Standing.HELD
    stores.deliveries.release(one, 2, "throttled")
    assert stores.deliveries.claim(one, MINUTE).standing is Standing.OURS


def rejected(stores: Stores, whole: Any) -> tuple[Rejection, list[tuple[str, str]]]:
    before = len(stores.events())
    rejection: Rejection = stores.deliveries.reject(whole, "EXPIRED")
    return rejection, [(e.data["target"], e.data["reason"]) for e in stores.events()[before:]]


def test_new_occurrence_is_rejected_once(stores):
    whole = delivery("none")
    assert rejected(stores, whole) == (Rejection.ENDED, [("none", "EXPIRED")])
    assert rejected(stores, whole) == (Rejection.ENDED, [])
    assert stores.deliveries.stage(whole.occurrence_id) is Stage.SETTLED


def test_rejection_ends_waiting_deliveries(stores):
    one = delivery("phone")
    stores.deliveries.claim(one, MINUTE)
    whole = replace(one, target="none")
    assert rejected(stores, whole) == (Rejection.HELD, [])
    stores.deliveries.release(one, 1, "throttled")
    assert rejected(stores, whole) == (Rejection.ENDED, [("phone", "EXPIRED")])


def test_rejection_keeps_delivered_ones(stores):
    one = delivery("phone")
    stores.deliveries.claim(one, MINUTE)
    stores.deliveries.settle(one, Outcome(provider_id="fcm-1"))
    assert rejected(stores, replace(one, target="none")) == (Rejection.REACHED, [])


def test_email_of_occurrence_is_found(stores):
    push = delivery()
    email = delivery("ada@example.org", channel="email", reminder_id=None)
    for one in (push, email):
        stores.deliveries.claim(one, MINUTE)
    assert stores.deliveries.of_email(email.occurrence_id) == email
    assert stores.deliveries.of_email(push.occurrence_id) is None


def test_suppressed_addresses_ignore_case(stores):
    assert not stores.suppressed.includes("ada@example.org")
    for reason in ("BOUNCED", "COMPLAINED"):
        stores.suppressed.add("Ada@Example.org", reason)
    assert stores.suppressed.includes("ada@EXAMPLE.org")
    assert not stores.suppressed.includes("eve@example.org")


def test_removed_address_gets_emails_again(stores):
    stores.suppressed.add("Ada@Example.org", "BOUNCED")
    assert stores.suppressed.remove("ADA@example.org")
    assert not stores.suppressed.includes("ada@example.org")
    assert not stores.suppressed.remove("ada@example.org")


def test_one_of_concurrent_claims_succeeds(stores):
    one = delivery()
    assert sorted(at_once(8, lambda: stores.deliveries.claim(one, MINUTE).standing)) == (
        [Standing.HELD] * 7 + [Standing.OURS]
    )


@pytest.mark.integration
def test_registrations_at_once_keep_the_limit(engine):
    stores = in_postgresql(engine)
    stores.add(*(device(f"token-{number}") for number in range(DEVICES_PER_USER - 1)))

    def register() -> str:
        try:
            stores.add(device(str(uuid4())))
        except DeviceLimitReached:
            return "refused"
        return "added"

    assert sorted(at_once(4, register)) == ["added", "refused", "refused", "refused"]


@pytest.mark.integration
def test_old_deliveries_are_forgotten(engine):
    stores = in_postgresql(engine)
    old, young = delivery(), delivery()
    for one in (old, young):
        stores.deliveries.claim(one, MINUTE)
    with engine.begin() as connection:
        connection.execute(
            text("update deliveries set claimed_at = now() - interval '31 days' where target = :t"),
            {"t": old.target},
        )
    assert PostgresDeliveries(engine).forget() == 1
    assert stores.deliveries.stage(old.occurrence_id) is Stage.NEW
    assert stores.deliveries.stage(young.occurrence_id) is Stage.BEGUN


@pytest.mark.integration
def test_waiting_deliveries_are_not_forgotten(engine):
    stores, event = in_postgresql(engine), due()
    one = delivery(occurrence_id=OCCURRENCE)
    stores.deliveries.claim(one, MINUTE)
    stores.deliveries.release(one, 1, "throttled")
    PostgresWaitingNotifications(engine).put(event, NotNow("throttled"))
    with engine.begin() as connection:
        connection.execute(text("update deliveries set claimed_at = now() - interval '31 days'"))
    assert PostgresDeliveries(engine).forget() == 0


@pytest.mark.integration
def test_the_longest_user_and_token_fit(engine):
    stores = in_postgresql(engine)
    longest = device("t" * 1024, "\U0001f426" * 256)
    stores.add(longest)
    assert list(stores.devices.of(longest.user_id)) == [longest]


def at_once(times: int, act: Callable[[], Any]) -> list[Any]:
    results: list[Any] = []
    start = threading.Barrier(times)

    def run() -> None:
        start.wait()
        results.append(act())

    threads = [threading.Thread(target=run) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
