"""What waits for the end of quiet hours, or for the digest, and what does not."""

from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from event_messages.event import Event
from event_messages.identifiers import uuid7
from notification_service.deferrals import GATHERING
from notification_service.errors import RetryLater
from notification_service.preferences import Preferences
from notification_service.quiet_hours import DAYS, QuietWindow

from tests.services.notification_service.examples import NINE, NOTIFICATION, OCCURRENCE, due
from tests.services.notification_service.world import BrokenEmail, World

QUIET = QuietWindow(days=DAYS, begin=time(8), end=time(12))
NOON = NINE.replace(hour=12)
EVENING = NINE.replace(hour=18)
READ_AT_SIX = Preferences(digest_at=time(18))


def world(preferences: Preferences, *tokens: str, **options: Any) -> World:
    made = World(*tokens, **options)
    made.preferences.rows["ada"] = preferences
    return made


def email(number: int = 0, **changes: Any) -> Event:
    """Another reminder's e-mail for each number."""
    ids = {name: uuid7() for name in ("notification_id", "reminder_id", "occurrence_id")}
    own = {**ids, "message": f"Plant {number}"}
    return due(channel="email", **(own | changes))


def subjects(made: World) -> list[str]:
    return [one.text.subject for one in made.email.sent]


def test_quiet_notification_arrives_once_after_window():
    made = world(Preferences(quiet_hours=(QUIET,)), "valid-1")
    for _ in range(3):
        made.handle(due())
    assert made.push.sent == []
    [later] = made.asked()
    assert (later.deliver_at, later.occurrence, later.channel) == (NOON, NINE, "push")
    assert (later.reason, later.deferred_from) == ("QUIET_HOURS", NOTIFICATION)
    assert made.observed == ["deferred"]
    made.run_until(EVENING, repeats=3)
    assert len(made.push.sent) == 1
    assert made.observed == ["deferred", "delivered"]


def test_deferred_notification_keeps_its_content():
    made = world(Preferences(quiet_hours=(QUIET,)))
    sent = due(channel="email")
    made.handle(sent)
    [later] = made.asked()
    told = later.model_dump(mode="json", by_alias=True)
    for name in ("reminderId", "occurrence", "channel", "message", "url", "email", "urgent"):
        assert told[name] == sent.data[name]
    assert later.version == 1


def test_clock_of_process_may_be_slow():
    made = world(Preferences(quiet_hours=(QUIET,)), "valid-1")
    made.now = NOON - timedelta(seconds=5)
    made.handle(due(deliver_at=NOON))
    assert len(made.push.sent) == 1


def test_resumed_notification_respects_new_quiet_hours():
    made = world(Preferences(quiet_hours=(QUIET,)), "valid-1")
    made.handle(due())
    afternoon = QuietWindow(days=DAYS, begin=time(12), end=time(15))
    made.preferences.rows["ada"] = Preferences(quiet_hours=(afternoon,))
    made.run_until(NOON)
    [again] = made.asked()
    assert again.deliver_at == NINE.replace(hour=15)
    made.run_until(EVENING)
    assert len(made.push.sent) == 1


@pytest.mark.parametrize("channel", ["push", "email"])
def test_what_is_urgent_waits_for_nothing(channel):
    preferences = replace(READ_AT_SIX, quiet_hours=(QUIET,))
    made = world(preferences, "valid-1")
    made.handle(due(channel=channel, urgent=True))
    assert len(made.push.sent) + len(made.email.sent) == 1
    assert made.asked() == []


def test_started_delivery_ignores_quiet_hours():
    made = world(Preferences(), "valid-1", "throttled-2")
    made.handle(due())
    made.preferences.rows["ada"] = Preferences(quiet_hours=(QUIET,))
    made.push.throttles["throttled-2"] = 2
    made.retry()
    assert [push.token for push in made.push.sent] == ["valid-1", "throttled-2"]
    assert made.asked() == []


def test_unreached_push_is_deferred_at_retry():
    made = world(Preferences(), "throttled-2")
    made.handle(due())
    made.preferences.rows["ada"] = Preferences(quiet_hours=(QUIET,))
    made.retry()
    [later] = made.asked()
    assert (later.deliver_at, later.reason) == (NOON, "QUIET_HOURS")
    assert made.waiting.rows == {}


def test_chosen_time_rings_in_quiet_hours():
    made = world(Preferences(quiet_hours=(QUIET,)), "valid-1")
    made.handle(due(explicit_time=True))
    assert len(made.push.sent) == 1


def test_late_retry_at_chosen_time_waits():
    made = world(Preferences(quiet_hours=(QUIET,)), "throttled-2")
    made.handle(due(explicit_time=True))
    made.retry()
    [later] = made.asked()
    assert (later.deliver_at, later.explicit_time) == (NOON, False)


def test_chosen_time_after_outage_is_deferred():
    made = world(Preferences(quiet_hours=(QUIET,)), "valid-1")
    made.now = NINE + timedelta(hours=1)
    made.handle(due(explicit_time=True))
    assert (made.push.sent, len(made.asked())) == ([], 1)


@pytest.mark.parametrize(
    ("preferences", "channel", "reason"),
    [
        (Preferences(channels=frozenset(("email",))), "push", "CHANNEL_DISABLED"),
        (Preferences(channels=frozenset(("push",))), "email", "CHANNEL_DISABLED"),
        (Preferences(unsubscribed=True), "email", "UNSUBSCRIBED"),
    ],
)
@pytest.mark.parametrize("urgent", [True, False])
def test_disabled_channel_fails_once(preferences, channel, reason, urgent):
    made = world(replace(preferences, quiet_hours=(QUIET,), digest_at=time(18)), "valid-1")
    for _ in range(2):
        made.handle(due(channel=channel, urgent=urgent))
    assert made.push.sent == made.email.sent == []
    assert made.published == [("notification:failed", "none", reason)]


def test_who_is_unsubscribed_still_gets_pushes():
    made = world(Preferences(unsubscribed=True), "valid-1")
    made.handle(due())
    assert len(made.push.sent) == 1


def test_emails_arrive_as_one_digest():
    made = world(READ_AT_SIX, "valid-1")
    for number in range(3):
        made.handle(email(number))
    made.handle(due())
    assert len(made.push.sent) == 1
    assert made.email.sent == []
    assert {(one.deliver_at, one.reason) for one in made.asked()} == {(EVENING, "DIGEST")}
    made.run_until(EVENING, repeats=2)
    assert made.email.sent == []
    [digest] = made.asked()
    assert (digest.deliver_at, digest.reminder_id) == (EVENING + GATHERING, None)
    made.run_until(EVENING + GATHERING, repeats=2)
    [sent] = made.email.sent
    assert sent.to == "ada@example.org"
    assert all(f"Plant {number}" in sent.text.text for number in range(3))
    assert made.asked() == []


def test_digest_emails_are_reported_as_delivered():
    made = world(READ_AT_SIX)
    for number in range(2):
        made.handle(email(number, reminder_id=uuid7()))
    items = made.asked()
    made.run_until(EVENING + GATHERING)
    outcomes = [e.data for e in made.devices.outbox if e.type == "notification:delivered"]
    assert [one["reminderId"] for one in outcomes[1:]] == [str(item.reminder_id) for item in items]
    assert {one["target"] for one in outcomes} == {"ada@example.org"}
    assert {one["providerId"] for one in outcomes} == {"message-1"}
    assert len({one["occurrenceId"] for one in outcomes}) == 3


def test_withdrawn_email_is_not_in_digest():
    made = world(READ_AT_SIX)
    for number in range(2):
        made.handle(email(number))
    made.fired.add(str(made.asked()[0].id))  # the scheduler will not send it
    made.run_until(EVENING + GATHERING)
    [sent] = made.email.sent
    assert ("Plant 0" in sent.text.text, "Plant 1" in sent.text.text) == (False, True)


def test_late_emails_are_in_next_digest():
    made = world(READ_AT_SIX)
    made.handle(email(1))
    made.run_until(EVENING + GATHERING)
    made.handle(email(2, deliver_at=EVENING + timedelta(hours=1)))
    [later] = made.asked()
    assert later.deliver_at == EVENING + timedelta(days=1)
    made.run_until(EVENING + timedelta(days=2))
    assert ["Plant 2" in one.text.text for one in made.email.sent] == [False, True]


def test_email_after_its_digest_opens_another():
    made = world(READ_AT_SIX)
    made.handle(email(1))
    made.handle(email(2))
    late = made.asked()[1]
    made.fired.add(str(late.id))
    made.run_until(EVENING + GATHERING)
    made.fired.discard(str(late.id))
    made.run_until(EVENING + timedelta(hours=1))
    assert ["Plant 2" in one.text.text for one in made.email.sent] == [False, True]


def test_uncertain_digest_is_not_sent_twice():
    made = world(READ_AT_SIX, email=BrokenEmail(RetryLater("busy", after=7)))
    made.handle(email(1))
    made.run_until(EVENING)
    made.run_until(EVENING + GATHERING)
    assert made.email.sent == []
    made.handle(email(2, deliver_at=EVENING + GATHERING))  # for the next one
    made.retry()
    [sent] = made.email.sent
    assert ("Plant 1" in sent.text.text, "Plant 2" in sent.text.text) == (True, False)


def test_unsendable_digest_fails_its_emails():
    made = world(READ_AT_SIX)
    made.handle(email(1))
    made.handle(email(2))
    made.run_until(EVENING)
    made.preferences.rows["ada"] = replace(READ_AT_SIX, unsubscribed=True)
    made.run_until(EVENING + GATHERING)
    assert made.email.sent == []
    reasons = [reason for kind, _, reason in made.published if kind == "notification:failed"]
    assert reasons == ["UNSUBSCRIBED"] * 3


def test_digest_in_new_quiet_hours_waits():
    made = world(READ_AT_SIX)
    made.handle(email(1))
    made.run_until(EVENING)
    evening = QuietWindow(days=DAYS, begin=time(17), end=time(20))
    made.preferences.rows["ada"] = replace(READ_AT_SIX, quiet_hours=(evening,))
    made.run_until(EVENING + GATHERING)
    assert made.email.sent == []
    made.run_until(NINE.replace(hour=20), repeats=2)
    [sent] = made.email.sent
    assert "Plant 1" in sent.text.text


def test_disabled_digest_releases_its_emails():
    made = world(READ_AT_SIX)
    made.handle(email(1))
    made.preferences.rows["ada"] = Preferences()
    made.run_until(EVENING)
    assert len(made.email.sent) == 1


def test_email_without_address_skips_digest():
    made = world(READ_AT_SIX)
    made.handle(due(channel="email", email="nobody"))
    assert made.published == [("notification:failed", "none", "BAD_ADDRESS")]


def test_every_email_has_unsubscribe_link():
    made = world(Preferences())
    made.adapters = replace(
        made.adapters, unsubscribe_link=lambda user: f"https://herald.test/unsubscribe?token={user}"
    )
    made.handle(due(channel="email"))
    [sent] = made.email.sent
    assert sent.unsubscribe_url == "https://herald.test/unsubscribe?token=ada"
    assert sent.headers == {
        "X-Entity-Ref-ID": str(OCCURRENCE),
        "List-Unsubscribe": "<https://herald.test/unsubscribe?token=ada>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def test_preference_changes_lose_nothing():
    """Each of many e-mails ends once, delivered by itself or in a digest."""
    made = world(READ_AT_SIX)
    changes = [
        replace(READ_AT_SIX, quiet_hours=(QUIET,)),
        Preferences(quiet_hours=(QUIET,), digest_at=time(9, 30)),
        Preferences(),
        Preferences(time_zone="Asia/Tokyo", digest_at=time(7)),
    ]
    wanted = {f"Plant {number}." for number in range(40)}
    for number in range(40):
        made.preferences.rows["ada"] = changes[number % len(changes)]
        at: datetime = NINE + timedelta(minutes=17 * number)
        made.run_until(at, repeats=2)
        made.handle(email(message=f"Plant {number}.", deliver_at=at))
    made.run_until(NINE + timedelta(days=5), repeats=2)
    texts = " ".join(one.text.text for one in made.email.sent)
    assert {one: texts.count(one) for one in wanted} == dict.fromkeys(wanted, 1)


def test_first_reminder_gives_the_zone():
    made = world(Preferences(quiet_hours=(QUIET,)), "valid-1")
    made.handle(due(time_zone="Asia/Tokyo"))  # 18:00 there
    assert len(made.push.sent) == 1
    made.handle(due(time_zone="Europe/Berlin", occurrence_id=uuid7()))
    preferences = made.preferences.of("ada")
    assert (preferences.time_zone, preferences.time_zone_source) == ("Asia/Tokyo", "reminder")


def test_chosen_zone_stays():
    made = world(Preferences(time_zone="UTC", time_zone_source="chosen"), "valid-1")
    made.handle(due(time_zone="Asia/Tokyo"))
    assert made.preferences.of("ada").time_zone == "UTC"


def test_digest_of_yesterday_takes_nightly_email():
    """A digest at 22:00 in quiet hours comes at 07:00, with what is due in that night."""
    night = QuietWindow(days=DAYS, begin=time(21), end=time(7))
    made = world(Preferences(quiet_hours=(night,), digest_at=time(22)))
    midnight = NINE.replace(hour=0)
    made.now = midnight
    made.handle(email(deliver_at=midnight))
    [later] = made.asked()
    assert (later.deliver_at, later.reason) == (NINE.replace(hour=7), "DIGEST")


def test_series_comes_once_after_quiet_hours():
    made = world(Preferences(quiet_hours=(QUIET,)), "valid-1")
    for minute in range(30):
        at = NINE + timedelta(minutes=minute)
        made.handle(due(occurrence_id=uuid7(), occurrence=at, deliver_at=at))
    commands = made.asked()
    assert len({one.id for one in commands}) == 1
    assert [(one.version, one.missed) for one in commands] == [
        (number + 1, number) for number in range(30)
    ]
    assert {one.deliver_at for one in commands} == {NOON}
