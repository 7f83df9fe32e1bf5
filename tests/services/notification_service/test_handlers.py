import time
from datetime import timedelta

import pytest
from event_messages import canary
from event_messages import errors as messages
from event_messages.event import Event
from event_messages.identifiers import uuid7
from notification_service.deliveries import LEASES
from notification_service.devices import registered_event
from notification_service.errors import Misconfigured, OutcomeUnknown, Refused, RetryLater
from notification_service.fcm_message import Push, message_of
from notification_service.handlers import read
from notification_service.metrics import count_delivery
from notification_service.preferences import Preferences
from notification_service.ses_email import Email
from notification_service.texts import Item, PushText, Reader
from prometheus_client import REGISTRY

from tests.services.notification_service.examples import (
    NINE,
    NOTIFICATION,
    OCCURRENCE,
    PUSH_TEXT,
    delivery,
    device,
    due,
    texts,
)
from tests.services.notification_service.world import BrokenEmail, World


class Failing:
    """Raises the same error at every call."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __call__(self, item: object) -> str:
        raise self._error


PLANTS = Item(message="Water the plants", occurrence=NINE, url="https://example.org/plants")


def test_push_reaches_every_device_of_user():
    world = World("valid-1", "valid-2")
    world.handle(due())
    assert sorted(world.push.sent, key=lambda push: push.token) == [
        Push(
            token=token,
            text=PUSH_TEXT,
            notification_id=NOTIFICATION,
            occurrence_id=OCCURRENCE,
            occurrence=NINE,
            content=PLANTS.content.model_copy(update={"email": "ada@example.org"}),
        )
        for token in ("valid-1", "valid-2")
    ]
    assert sorted(world.published) == [
        ("notification:delivered", world.device_id("valid-1"), None),
        ("notification:delivered", world.device_id("valid-2"), None),
    ]


def test_every_claim_is_observed():
    world = World("valid-1")
    world.handle(due())
    world.handle(due())
    world.handle(due(channel="email", occurrence_id=uuid7()))
    assert world.claimed == ["ours", "settled", "ours"]


def test_outcome_names_notification_and_provider_message():
    world = World("valid-1")
    world.handle(due())
    (event,) = world.devices.outbox
    assert event.user_id == "ada"
    assert event.data["notificationId"] == str(NOTIFICATION)
    assert event.data["occurrenceId"] == str(OCCURRENCE)
    assert event.data["providerId"] == "projects/local/messages/1"


def test_a_repeated_message_sends_nothing():
    world = World("valid-1")
    for _ in range(3):
        world.handle(due())
    assert len(world.push.sent) == 1
    assert len(world.published) == 1


def test_another_users_device_gets_nothing():
    world = World()
    stranger = device("valid-1", user_id="eve")
    world.devices.add(stranger, registered_event(stranger))
    world.devices.outbox.clear()
    world.handle(due())
    assert world.push.sent == []


def test_user_without_device_fails_once():
    world = World()
    for _ in range(2):
        world.handle(due())
    assert world.published == [("notification:failed", "none", "NO_DEVICE")]


def test_push_expires_after_patience():
    world = World("valid-1")
    world.push.send = Failing(RetryLater("down"))
    world.handle(due())
    world.retry()
    assert (world.published, len(world.waiting.rows)) == ([], 1)
    world.retry(after=timedelta(hours=72))
    assert world.published == [("notification:failed", world.device_id("valid-1"), "EXPIRED")]
    assert world.waiting.rows == {}
    assert world.observed == ["retried", "retried", "retried", "failed", "expired"]


def test_our_fault_never_expires():
    world = World(email=BrokenEmail(*[Misconfigured("no credentials")] * 3))
    world.handle(due(channel="email"))
    for _ in range(2):
        world.retry(after=timedelta(days=10))
    assert world.published == []
    world.retry(after=timedelta(days=10))
    assert world.published == [("notification:delivered", "ada@example.org", None)]
    assert world.observed == ["misconfigured"] * 3 + ["delivered"]


def test_unexpected_error_is_tried_again():
    world = World("valid-1")
    world.push.send = Failing(RetryLater("down"))
    world.handle(due())
    world.push.send = Failing(ZeroDivisionError())
    world.retry()
    assert world.problems() == ["ZeroDivisionError"]


def test_channel_switched_off_stops_retries():
    world = World("valid-1")
    world.push.send = Failing(RetryLater("down"))
    world.handle(due())
    only_email = Preferences(channels=frozenset(("email",)))
    world.preferences.change("ada", lambda old: only_email)
    world.retry()
    device = world.device_id("valid-1")
    assert world.published == [("notification:failed", device, "CHANNEL_DISABLED")]
    assert world.waiting.rows == {}


def test_unsubscribed_user_gets_no_retry():
    world = World(email=BrokenEmail(RetryLater("down")))
    world.handle(due(channel="email"))
    world.preferences.change("ada", lambda old: Preferences(unsubscribed=True))
    world.retry()
    assert world.email.sent == []
    assert world.published == [("notification:failed", "ada@example.org", "UNSUBSCRIBED")]


def test_unsubscription_changes_no_past_delivery():
    world = World()
    world.handle(due(channel="email"))
    world.preferences.change("ada", lambda old: Preferences(unsubscribed=True))
    world.handle(due(channel="email"))
    assert world.published == [("notification:delivered", "ada@example.org", None)]


def test_outage_leaves_one_notification_of_series():
    world = World("valid-1")
    send, world.push.send = world.push.send, Failing(RetryLater("down"))
    for quarter in range(8):
        at = NINE + timedelta(minutes=15 * quarter)
        world.handle(due(occurrence_id=uuid7(), occurrence=at, deliver_at=at))
    single = due(occurrence_id=uuid7(), reminder_id=None, notification_id=uuid7())
    world.handle(single)
    world.push.send = send
    world.retry()
    assert {str(push.occurrence_id) for push in world.push.sent} >= {single.data["occurrenceId"]}
    assert len(world.push.sent) == 2
    reasons = [reason for kind, _, reason in world.published if kind == "notification:failed"]
    assert reasons == ["SUPERSEDED"] * 7
    assert world.waiting.rows == {}


def test_throttled_device_repeats_no_other():
    world = World("valid-1", "throttled-2")
    world.handle(due())
    for _ in range(2):
        assert world.problems() == ["Throttled: throttled"]
        world.retry()
    assert [push.token for push in world.push.sent] == ["valid-1", "throttled-2"]
    assert world.observed == ["delivered", "retried", "retried", "delivered"]
    assert world.waiting.rows == {}


def test_unregistered_device_is_removed_and_reported():
    world = World("unregistered-1", "valid-2")
    gone = world.device_id("unregistered-1")
    world.handle(due())
    assert [d.fcm_token for d in world.devices.of("ada")] == ["valid-2"]
    assert sorted(world.published, key=str) == [
        ("device:removed", "", "UNREGISTERED"),
        ("notification:delivered", world.device_id("valid-2"), None),
        ("notification:failed", gone, "UNREGISTERED"),
    ]


def test_removed_only_device_is_reported_once():
    world = World("invalid-1")
    for _ in range(2):
        world.handle(due())
    assert [(kind, reason) for kind, _, reason in world.published] == [
        ("device:removed", "INVALID_TOKEN"),
        ("notification:failed", "INVALID_TOKEN"),
    ]


def test_held_delivery_waits():
    world = World("valid-1")
    target = world.device_id("valid-1")
    world.deliveries.claim(delivery(target, occurrence_id=OCCURRENCE), LEASES["push"])
    world.handle(due())
    assert world.problems() == ["another worker has claimed the delivery"]
    [row] = world.waiting.rows.values()
    assert row.waiting.failures == 0
    assert world.push.sent == []


def test_abandoned_push_is_resent_after_lease():
    world = World("valid-1")
    target = world.device_id("valid-1")
    world.deliveries.claim(delivery(target, occurrence_id=OCCURRENCE), LEASES["push"])
    world.end_leases()
    world.handle(due())
    assert len(world.push.sent) == 1
    (row,) = world.deliveries.rows.values()
    assert (row.state, row.attempts, row.unknowns) == ("delivered", 2, 1)


@pytest.mark.parametrize("others", [[], ["valid-2"]])
def test_waiting_delivery_ends_with_its_device(others):
    world = World("throttled-1", *others)
    phone = world.device_id("throttled-1")
    world.handle(due())
    bobs = device("throttled-1", user_id="bob")
    world.devices.add(bobs, registered_event(bobs))
    world.retry()
    states = {target: row.state for (_, target), row in world.deliveries.rows.items()}
    assert states[phone] == "failed"
    reason = "DEVICE_GONE" if others else "NO_DEVICE"
    assert ("notification:failed", phone, reason) in world.published
    assert [push.token for push in world.push.sent] == others
    assert world.waiting.rows == {}


def test_stored_problem_names_no_address():
    world = World(email=BrokenEmail(RetryLater("no mailbox ada@example.org for now")))
    world.handle(due(channel="email"))
    problem = "RetryLater: no mailbox <address> for now"
    [row] = world.deliveries.rows.values()
    assert (row.problem, world.problems()) == (problem, [problem])


def test_unexpected_error_is_raised_after_settling():
    world = World("valid-1", "odd-2", "valid-3")
    send = world.push.send
    world.push.send = lambda push: 1 / 0 if push.token == "odd-2" else send(push)
    with pytest.raises(ZeroDivisionError):
        world.handle(due())
    assert sorted(row.state for row in world.deliveries.rows.values()) == [
        "claimed",
        "delivered",
        "delivered",
    ]


def test_email_goes_to_address_of_message():
    world = World()
    world.handle(due(channel="email"))
    assert world.email.sent == [
        Email(
            to="ada@example.org",
            text=texts().email("reminder", Reader(), [PLANTS]),
            occurrence_id=OCCURRENCE,
        )
    ]
    assert world.published == [("notification:delivered", "ada@example.org", None)]


def test_user_is_addressed_in_their_language():
    world = World("valid-1")
    preferences = Preferences(locale="de-AT", time_zone="Europe/Vienna")
    world.preferences.change("ada", lambda old: preferences)
    world.handle(due(urgent=True, url="javascript:alert(1)"))
    (push,) = world.push.sent
    assert push.text == PushText(title="Dringend", body="Water the plants")
    assert message_of(push)["data"]["url"] == ""

    world.handle(due(channel="email", urgent=True, occurrence_id=uuid7()))
    (email,) = world.email.sent
    reader = Reader(locale="de-AT", time_zone="Europe/Vienna")
    assert email.text == texts().email("urgent", reader, [PLANTS])
    assert email.text.subject == "Dringend: Water the plants"
    assert "1. Jänner 2030, 10:00 Uhr (MEZ)" in email.text.text


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        (None, "NO_ADDRESS"),
        ("", "NO_ADDRESS"),
        ("nobody", "BAD_ADDRESS"),
        ("a@b\r\nBcc: c@d", "BAD_ADDRESS"),
        ("a@b\0", "BAD_ADDRESS"),
        ("a" * 65 + "@example.org", "BAD_ADDRESS"),
    ],
)
def test_email_without_usable_address_fails_once(address, reason):
    world = World()
    for _ in range(2):
        world.handle(due(channel="email", email=address))
    assert world.published == [("notification:failed", "none", reason)]
    assert world.email.sent == []


def test_a_suppressed_address_gets_nothing():
    world = World()
    world.suppressed.add("Ada@Example.org", "BOUNCED")
    world.handle(due(channel="email"))
    assert world.published == [("notification:failed", "ada@example.org", "ADDRESS_SUPPRESSED")]
    assert world.email.sent == []


@pytest.mark.parametrize("error", [RetryLater("busy", after=7), Misconfigured("no", after=7)])
def test_refused_email_waits_as_asked(error):
    world = World(email=BrokenEmail(error))
    world.handle(due(channel="email"))
    world.retry(after=timedelta(seconds=6))
    assert world.email.sent == []
    world.handle(due(channel="email"))
    assert world.email.sent == []
    world.retry()
    assert len(world.email.sent) == 1


def test_refused_email_is_never_retried():
    world = World(email=BrokenEmail(Refused("no such domain")))
    for _ in range(2):
        world.handle(due(channel="email"))
    assert world.published == [("notification:failed", "ada@example.org", "REFUSED")]
    assert world.email.sent == []


def test_unknown_email_outcome_awaits_ses_notice():
    world = World(email=BrokenEmail(OutcomeUnknown("no answer")))
    world.handle(due(channel="email"))
    for _ in range(2):
        world.retry()
    assert world.email.sent == []
    assert world.observed == ["unknown"]
    world.end_leases()
    world.retry()
    assert len(world.email.sent) == 1


def test_confirmed_email_is_not_resent():
    world = World(email=BrokenEmail(OutcomeUnknown("no answer")))
    world.handle(due(channel="email"))
    world.handle(read(ses_json("Send")))
    world.end_leases()
    world.retry()
    assert world.waiting.rows == {}
    assert world.email.sent == []
    assert world.published == [("notification:delivered", "ada@example.org", None)]
    assert world.devices.outbox[0].data["providerId"] == "ses-1"


def test_an_unknown_type_is_refused():
    with pytest.raises(messages.UnknownEvent, match="notification:created"):
        World().handle(Event.new("notification:created", "ada", {}))


def test_bad_data_is_refused():
    with pytest.raises(messages.MalformedEvent, match="notification:send has bad data"):
        World().handle(Event.new("notification:send", "ada", {"channel": "pigeon"}))


def ses_json(kind: str) -> str:
    mail = f'{{"messageId": "ses-1", "tags": {{"occurrence": ["{OCCURRENCE}"]}}}}'
    return f'{{"eventType": "{kind}", "mail": {mail}}}'


def test_canary_ends_before_the_provider():
    world = World("valid-1")
    count = REGISTRY.get_sample_value("canary_lateness_seconds_count") or 0
    before = time.time()
    world.handle(due(notification_id=canary.IDS[0]))
    assert (world.push.sent, world.observed) == ([], ["delivered"])
    assert world.published == [("notification:delivered", "canary", None)]
    assert REGISTRY.get_sample_value("canary_lateness_seconds_count") == count + 1
    assert (REGISTRY.get_sample_value("canary_delivered_timestamp_seconds") or 0) >= before


def test_canaries_count_apart_from_users():
    labels = {"channel": "canary", "outcome": "delivered"}
    before = REGISTRY.get_sample_value("deliveries_total", labels) or 0
    count_delivery(delivery(target="canary"), "delivered")
    assert REGISTRY.get_sample_value("deliveries_total", labels) == before + 1
