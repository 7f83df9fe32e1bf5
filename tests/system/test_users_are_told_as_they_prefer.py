"""Quiet hours, the daily digest and a link to unsubscribe, through the whole platform."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from tests.system.conftest import LATEST

GATHERING = timedelta(seconds=30)  # in which a digest takes in what is due with it
MINUTE = timedelta(minutes=1)
HOURLY = {"isRecurring": True, "rule": "FREQ=HOURLY;COUNT=2"}  # the user chose none of the hours
BEFORE = 2 * LATEST  # the end of the quiet hours; time to acknowledge


def prefer(person: Any, **preferences: Any) -> None:
    answer = person.platform.devices.put("/preferences", json=preferences, headers=person.headers)
    assert answer.status_code == 200, answer.text


def soon_before_a_minute(platform: Any) -> tuple[datetime, datetime]:
    """A date that a reminder may have, seconds before a full minute, and that minute."""
    soon: datetime = platform.soon(20) + BEFORE
    minute = soon.replace(second=0, microsecond=0) + MINUTE
    return minute - BEFORE, minute


def tell(platform):
    """Everything is posted first, so that all of it is waited for once."""
    told = SimpleNamespace(quiet=platform.person(), acknowledged=platform.person())
    told.urgent, told.chosen, told.collected, told.mailed = (platform.person() for _ in range(4))
    told.due, told.end = soon_before_a_minute(platform)
    window = {"days": ["mo", "tu", "we", "th", "fr", "sa", "su"]}
    window |= {"from": f"{told.end - 30 * MINUTE:%H:%M}", "to": f"{told.end:%H:%M}"}
    for person in (told.quiet, told.acknowledged, told.urgent, told.chosen):
        person.register()
        prefer(person, quietHours=[window])
    prefer(told.collected, dailyDigest=f"{told.end:%H:%M}")
    told.reminder = told.quiet.remind("Later", told.due, **HOURLY)
    done = told.acknowledged.remind("Done", told.due, **HOURLY)
    told.urgent.remind("Now", told.due, urgent=True, **HOURLY)
    told.chosen.remind("As asked", told.due)
    for message in ("One", "Two"):
        told.collected.remind(message, told.due, "email")
    told.mailed.remind("A mail", told.due, "email")
    platform.wait_until(told.due + LATEST)
    acknowledged = platform.reminders.post(
        f"/reminders/{done['id']}/acknowledge", headers=told.acknowledged.headers
    )
    assert acknowledged.status_code == 200, acknowledged.text
    platform.wait_until(told.end + GATHERING + LATEST)
    return told


def received(message) -> datetime:
    return datetime.fromisoformat(message["receivedAt"]).astimezone(UTC)


def test_quiet_notification_arrives_after_quiet_hours(story):
    [push] = story.quiet.messages()
    assert push["body"] == "Later"
    assert story.end <= received(push) <= story.end + LATEST


def test_timeline_explains_the_delay(story, platform):
    path = f"/reminders/{story.reminder['id']}/events"
    answer = platform.reminders.get(path, headers=story.quiet.headers)
    events = [(event["type"], event["reason"]) for event in answer.json()["items"]]
    assert ("notification:created", "QUIET_HOURS") in events
    assert events[-1] == ("notification:delivered", None)


def test_what_is_urgent_comes_at_once(story):
    [push] = story.urgent.messages()
    assert story.due <= received(push) < story.end


def test_chosen_time_rings_in_quiet_hours(story):
    [push] = story.chosen.messages()
    assert story.due <= received(push) < story.end


def test_acknowledged_occurrence_does_not_arrive(story):
    assert story.acknowledged.messages() == []


def test_a_digest_is_one_email(story):
    [email] = story.collected.messages("email")
    assert received(email) >= story.end
    assert "One" in email["body"]
    assert "Two" in email["body"]


def test_the_link_of_an_email_unsubscribes(story, platform):
    [email] = story.mailed.messages("email")
    headers = email["data"]["headers"]
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = headers["List-Unsubscribe"].strip("<>")
    assert platform.devices.get(link).is_success
    preferences = platform.devices.get("/preferences", headers=story.mailed.headers).json()
    assert preferences["unsubscribed"] is False
    assert platform.devices.post(link, data={"List-Unsubscribe": "One-Click"}).is_success
    preferences = platform.devices.get("/preferences", headers=story.mailed.headers).json()
    assert preferences["unsubscribed"] is True
