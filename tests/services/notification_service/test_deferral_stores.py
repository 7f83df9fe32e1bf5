"""What is put off, in memory and in PostgreSQL: nothing is lost between any two steps."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from event_messages.content import Content
from event_messages.contract import DueNotification, PendingNotification
from event_messages.event import Event
from notification_service.deferral_store import PostgresDeferrals
from notification_service.deferrals import (
    LONGEST_OPEN,
    DigestItem,
    digest_notification,
    later_notification,
)
from notification_service.deliveries import Delivery, Outcome, Stage, Standing
from notification_service.delivery_store import PostgresDeliveries
from sqlalchemy import Engine, event, text

from tests.services.notification_service.examples import NINE, delivery, due
from tests.services.notification_service.fake_deferrals import InMemoryDeferrals
from tests.services.notification_service.fakes import InMemoryDeliveries

MINUTE = timedelta(minutes=1)
LATER = NINE + timedelta(hours=3)


@dataclass
class Stores:
    deferrals: Any
    deliveries: Any
    events: Callable[[], list[Event]]
    age_digests: Callable[[], None]


def in_memory() -> Stores:
    deliveries = InMemoryDeliveries()
    deferrals = InMemoryDeferrals(deliveries)

    def age() -> None:
        for digest in deferrals.open_digests.values():
            digest.opened_at -= LONGEST_OPEN + MINUTE

    return Stores(deferrals, deliveries, lambda: deliveries.outbox, age)


def in_postgresql(engine: Engine) -> Stores:
    def events() -> list[Event]:
        with engine.connect() as connection:
            bodies = connection.scalars(text("select body from outbox order by position"))
            return [Event.from_json(body) for body in bodies]

    def age() -> None:
        with engine.begin() as connection:
            connection.execute(text("update digests set opened_at = now() - interval '61 minutes'"))

    return Stores(PostgresDeferrals(engine), PostgresDeliveries(engine), events, age)


@pytest.fixture(params=["memory", pytest.param("postgresql", marks=pytest.mark.integration)])
def stores(request: pytest.FixtureRequest) -> Stores:
    if request.param == "memory":
        return in_memory()
    return in_postgresql(request.getfixturevalue("engine"))


def quiet(occurrence: UUID | None = None) -> tuple[Delivery, PendingNotification]:
    """One that is deferred, and what takes its place."""
    sent = due(occurrence_id=occurrence or uuid4(), notification_id=uuid4())
    data = DueNotification.model_validate(sent.data)
    settled = delivery(
        "none", occurrence_id=data.occurrence_id, notification_id=data.notification_id
    )
    return settled, later_notification(data, "ada", LATER, "QUIET_HOURS")


def item(number: int = 1, **changes: Any) -> tuple[Delivery, DigestItem]:
    given = {
        "occurrence_id": uuid4(),
        "notification_id": uuid4(),
        "reminder_id": uuid4(),
        "content": Content(
            channel="email",
            message=f"Plant {number}",
            url="https://example.org/plants",
            email=f"ada{number}@example.org",
        ),
        "occurrence": NINE,
    }
    one = DigestItem(**(given | changes))
    own = delivery("none", channel="email", occurrence_id=one.occurrence_id)
    return own, one


def new_digest() -> PendingNotification:
    return digest_notification("ada", "ada@example.org", LATER)


def collected(stores: Stores, count: int = 1) -> tuple[PendingNotification, list[DigestItem]]:
    digest, items = new_digest(), [item(number) for number in range(count)]
    for own, one in items:
        assert stores.deferrals.add_to_digest(own, one, digest)
    return digest, [one for _, one in items]


def commands(stores: Stores) -> list[PendingNotification]:
    return [
        PendingNotification.model_validate(told.data)
        for told in stores.events()
        if told.type == "notification:create"
    ]


def test_deferral_is_settled_and_published_once(stores):
    settled, later = quiet()
    assert [stores.deferrals.defer(settled, later) for _ in range(3)] == [True, False, False]
    assert stores.deliveries.stage(settled.occurrence_id) is Stage.SETTLED
    assert commands(stores) == [later]
    assert stores.events()[0].user_id == "ada"


def test_series_is_deferred_as_one(stores):
    for number in range(3):
        settled, later = quiet()
        assert stores.deferrals.defer(settled, later)
        assert not stores.deferrals.defer(settled, later)
        assert stores.deferrals.reason(commands(stores)[0].id) == "QUIET_HOURS"
        assert len(commands(stores)) == number + 1
    first, *others = commands(stores)
    assert [(one.id, one.version, one.missed) for one in others] == [
        (first.id, 2, 1),
        (first.id, 3, 2),
    ]


def test_other_series_are_deferred_apart(stores):
    for change in ({"reminder_id": None}, {"reminder_id": uuid4()}, {}):
        settled, later = quiet()
        assert stores.deferrals.defer(replace(settled, **change), later)
    assert len({one.id for one in commands(stores)}) == 3


def test_reason_of_replacement_is_known(stores):
    settled, later = quiet()
    stores.deferrals.defer(settled, later)
    assert stores.deferrals.reason(later.id) == "QUIET_HOURS"
    assert stores.deferrals.reason(settled.notification_id) is None


def test_what_has_begun_is_not_deferred(stores):
    settled, later = quiet()
    begun = delivery("a-device", occurrence_id=settled.occurrence_id)
    stores.deliveries.claim(begun, MINUTE)
    assert not stores.deferrals.defer(settled, later)
    assert stores.deliveries.stage(settled.occurrence_id) is Stage.BEGUN
    assert stores.events() == []


def test_deferred_notification_cannot_be_claimed(stores):
    settled, later = quiet()
    stores.deferrals.defer(settled, later)
    assert stores.deliveries.claim(settled, MINUTE).standing is Standing.SETTLED
    assert not stores.deliveries.settle(settled, Outcome(reason="NO_DEVICE"))
    assert commands(stores) == [later]
    assert len(stores.events()) == 1


def test_abandoned_failing_notification_can_be_deferred(stores):
    settled, later = quiet()
    stores.deliveries.claim(settled, MINUTE)
    assert stores.deliveries.stage(settled.occurrence_id) is Stage.NEW
    assert stores.deferrals.defer(settled, later)
    assert commands(stores) == [later]


def test_failure_without_target_settles_all(stores):
    settled, later = quiet()
    stores.deliveries.claim(settled, MINUTE)
    stores.deliveries.settle(settled, Outcome(reason="CHANNEL_DISABLED"))
    assert stores.deliveries.stage(settled.occurrence_id) is Stage.SETTLED
    assert not stores.deferrals.defer(settled, later)


def test_digest_is_requested_once_in_order(stores):
    digest, items = collected(stores, 3)
    assert commands(stores) == [digest]
    for _ in range(2):
        assert list(stores.deferrals.close(digest.id)) == items


def test_a_repeat_is_collected_once(stores):
    digest, (own, one) = new_digest(), item()
    assert [stores.deferrals.add_to_digest(own, one, digest) for _ in range(2)] == [True, False]
    assert list(stores.deferrals.close(digest.id)) == [one]


def test_closed_digest_takes_nothing_more(stores):
    first, items = collected(stores)
    stores.deferrals.close(first.id)
    second, others = collected(stores)
    assert list(stores.deferrals.close(first.id)) == items
    assert list(stores.deferrals.close(second.id)) == others
    assert commands(stores) == [first, second]


def test_late_digest_closes_and_is_sent(stores):
    first, items = collected(stores)
    stores.age_digests()
    second, others = collected(stores)
    assert commands(stores) == [first, second]
    assert list(stores.deferrals.close(second.id)) == others
    assert list(stores.deferrals.close(first.id)) == items


def test_digests_of_two_users_are_two(stores):
    digest, items = collected(stores)
    own, theirs = item(2)
    eves = digest_notification("eve", "eve@example.org", LATER)
    stores.deferrals.add_to_digest(
        Delivery(**{**vars(own), "user_id": "eve"}),
        theirs,
        eves,
    )
    assert list(stores.deferrals.close(digest.id)) == items
    assert list(stores.deferrals.close(eves.id)) == [theirs]


def test_what_is_no_digest_holds_nothing(stores):
    assert list(stores.deferrals.close(uuid4())) == []


def test_deferred_digest_keeps_its_emails(stores):
    digest, items = collected(stores, 2)
    stores.deferrals.close(digest.id)
    sent = due(channel="email", notification_id=digest.id, reminder_id=None, occurrence_id=uuid4())
    data = DueNotification.model_validate(sent.data)
    later = later_notification(data, "ada", LATER, "QUIET_HOURS")
    settled = delivery(
        "none",
        channel="email",
        occurrence_id=data.occurrence_id,
        notification_id=digest.id,
        reminder_id=None,
    )
    assert stores.deferrals.defer(settled, later)
    assert list(stores.deferrals.close(later.id)) == items
    assert list(stores.deferrals.close(digest.id)) == []


def of_digest(digest: PendingNotification) -> Delivery:
    return delivery("ada@example.org", channel="email", notification_id=digest.id, reminder_id=None)


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        (Outcome(provider_id="ses-1"), "notification:delivered"),
        (Outcome(reason="REFUSED"), "notification:failed"),
    ],
)
@pytest.mark.parametrize("at_once", [True, False])
def test_digest_emails_share_outcome_without_text(stores, outcome, told, at_once):
    digest, items = collected(stores, 2)
    stores.deferrals.close(digest.id)
    own = of_digest(digest)
    stores.deliveries.claim(own, MINUTE)
    for _ in range(2):
        if at_once:
            stores.deliveries.settle_all([(own, outcome)])
        else:
            stores.deliveries.settle(own, outcome)
    outcomes = [e for e in stores.events() if e.type == told]
    assert [e.data["occurrenceId"] for e in outcomes] == [
        str(own.occurrence_id),
        *(str(one.occurrence_id) for one in items),
    ]
    assert [e.data["reminderId"] for e in outcomes[1:]] == [str(i.reminder_id) for i in items]
    assert {e.data["target"] for e in outcomes} == {"ada@example.org"}
    assert {e.data["providerId"] for e in outcomes} == {outcome.provider_id}
    left = {(one.content.message, one.content.url) for one in stores.deferrals.close(digest.id)}
    assert left == {("", None)}


def test_bounced_digest_fails_its_emails(stores):
    digest, items = collected(stores, 2)
    own = of_digest(digest)
    stores.deliveries.claim(own, MINUTE)
    stores.deliveries.settle(own, Outcome(provider_id="ses-1"))
    assert stores.deliveries.overturn(own, "BOUNCED")
    failed = [e.data["reason"] for e in stores.events() if e.type == "notification:failed"]
    assert failed == ["BOUNCED"] * (1 + len(items))


def dump(engine: Engine) -> dict[str, list[Any]]:
    tables = ("deliveries", "digests", "digest_items", "outbox")
    with engine.connect() as connection:
        return {
            table: sorted(map(str, connection.execute(text(f"select * from {table}"))))
            for table in tables
        }


@pytest.mark.integration
@pytest.mark.parametrize("step", ["defer", "collect", "settle"])
def test_interrupted_step_changes_nothing(engine, step):
    """The connection is lost before each statement in turn, as by kill -9."""
    stores = in_postgresql(engine)
    digest, _ = collected(stores)
    stores.deferrals.close(digest.id)
    own = of_digest(digest)
    stores.deliveries.claim(own, MINUTE)
    act = {
        "defer": lambda: stores.deferrals.defer(*quiet()),
        "collect": lambda: stores.deferrals.add_to_digest(*item(), new_digest()),
        "settle": lambda: stores.deliveries.settle(own, Outcome(provider_id="ses-1")),
    }[step]
    before, allowed = dump(engine), 0
    while not broken_off_after(engine, allowed, act):
        assert dump(engine) == before
        allowed += 1
    assert allowed >= 3
    assert dump(engine) != before


def broken_off_after(engine: Engine, allowed: int, act: Callable[[], Any]) -> bool:
    """Whether it ended before as many statements were made."""
    made = 0

    def count(connection: Any, *_: Any) -> None:
        nonlocal made
        made += 1
        if made > allowed:
            raise ConnectionError("the process is gone")

    event.listen(engine, "before_cursor_execute", count)
    try:
        act()
    except ConnectionError:
        return False
    finally:
        event.remove(engine, "before_cursor_execute", count)
    return True


@pytest.mark.integration
def test_concurrent_closing_loses_no_email(engine):
    stores = in_postgresql(engine)
    items = [item(number) for number in range(40)]
    digests = [new_digest() for _ in items]
    held: dict[UUID, int] = {}

    def work(number: int) -> None:
        own, one = items[number]
        stores.deferrals.add_to_digest(own, one, digests[number])
        held[digests[number].id] = len(stores.deferrals.close(digests[number].id))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(len(items))))
    asked = {one.id for one in commands(stores)}
    found = [one for digest in digests for one in stores.deferrals.close(digest.id)]
    assert sorted(found, key=str) == sorted((one for _, one in items), key=str)
    assert asked == {digest for digest, count in held.items() if count}
    assert sum(held.values()) == len(items)  # nothing came into a digest that was closed


@pytest.mark.integration
def test_old_digests_are_deleted_with_emails(engine):
    stores = in_postgresql(engine)
    digest, _ = collected(stores)
    with engine.begin() as connection:
        connection.execute(text("update digests set opened_at = now() - interval '31 days'"))
    assert PostgresDeferrals(engine).forget() == 1
    assert list(stores.deferrals.close(digest.id)) == []
