"""Reminders that are posted over HTTP come out of the other end: once, not early, not late."""

from datetime import datetime, timedelta
from types import SimpleNamespace

import boto3

from tests.system.conftest import LATEST


def tell(platform):
    """One minute in a life: everything is posted first, so that all of it is waited for once."""
    told = SimpleNamespace(pushed=platform.person(), mailed=platform.person())
    told.moved, told.dropped = platform.person(), platform.person()
    for person in (told.pushed, told.moved, told.dropped):
        person.register()
    told.due = platform.soon(20)  # everything is posted by then
    told.push = told.pushed.remind("Call the dentist", told.due)
    told.mail = told.mailed.remind("Pay <the> rent & rest", told.due, "email")
    moved, dropped = told.moved.remind("Moved", told.due), told.dropped.remind("Dropped", told.due)
    told.later = told.due + timedelta(seconds=8)
    changed = platform.reminders.patch(
        f"/reminders/{moved['id']}",
        json={"date": told.later.isoformat()},
        headers=told.moved.headers,
    )
    assert changed.status_code == 200, changed.text
    deleted = platform.reminders.delete(f"/reminders/{dropped['id']}", headers=told.dropped.headers)
    assert deleted.status_code in (200, 204), deleted.text
    platform.wait_until(told.later + LATEST)
    return told


def received(message) -> datetime:
    return datetime.fromisoformat(message["receivedAt"])


def test_push_arrives_once_on_time(story):
    [push] = story.pushed.messages()
    assert story.due <= received(push) <= story.due + LATEST
    assert (push["body"], push["data"]["notificationId"]) == ("Call the dentist", story.push["id"])


def test_email_arrives_once_and_escaped(story):
    [email] = story.mailed.messages("email")
    assert story.due <= received(email) <= story.due + LATEST
    assert "Pay <the> rent & rest" in email["body"]
    assert "Pay &lt;the&gt; rent &amp; rest" in email["html"]


def test_an_update_moves_it(story):
    [push] = story.moved.messages()
    assert story.later <= received(push) <= story.later + LATEST


def test_a_delete_stops_it(story):
    assert story.dropped.messages() == []


def test_every_event_is_remembered(platform, story):
    table = boto3.client("dynamodb", endpoint_url=platform.shell["AWS_ENDPOINT_URL"],
        region_name=platform.shell["AWS_REGION"], aws_access_key_id="local",
        aws_secret_access_key="local")  # fmt: skip
    events = table.query(
        TableName=platform.outputs()["tables"]["event-store"],
        KeyConditionExpression="userId = :user",
        ExpressionAttributeValues={":user": {"S": story.pushed.name}},
    )["Items"]
    assert sorted(event["type"]["S"] for event in events) == [
        "device:registered",
        "notification:created",
        "notification:delivered",
        "notification:send",
        "reminder:created",
    ]
