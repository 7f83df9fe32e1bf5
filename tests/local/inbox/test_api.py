import re
from datetime import UTC, datetime, timedelta

import pytest

EMAIL = {
    "messageId": "0102",
    "from": "Herald <reminders@example.com>",
    "to": ["ann@example.com", "bob@example.com"],
    "subject": "Tea",
    "text": "Tea at four",
    "html": "<p>Tea at four</p>",
    "headers": {"X-Entity-Ref-ID": "7"},
    "tags": {"occurrence": "7"},
}


def test_email_is_shown_to_each_recipient(client):
    assert client.post("/api/emails", json=EMAIL).status_code == 204
    messages = client.get("/api/messages").json()
    assert len({message.pop("id") for message in messages}) == 2
    assert [list(message) for message in messages] == [
        ["channel", "to", "title", "body", "html", "data", "receivedAt"]
    ] * 2
    for message in messages:
        del message["receivedAt"]
    shown = {
        "channel": "email",
        "title": "Tea",
        "body": "Tea at four",
        "html": "<p>Tea at four</p>",
        "data": {
            "messageId": "0102",
            "from": "Herald <reminders@example.com>",
            "headers": {"X-Entity-Ref-ID": "7"},
            "tags": {"occurrence": "7"},
        },
    }
    assert messages == [
        shown | {"to": "ann@example.com"},
        shown | {"to": "bob@example.com"},
    ]


def test_the_time_is_utc_with_microseconds(client):
    before = datetime.now(UTC)
    client.post("/api/emails", json=EMAIL)
    received = client.get("/api/messages").json()[0]["receivedAt"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", received)
    assert timedelta(0) <= datetime.fromisoformat(received) - before < timedelta(seconds=5)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["ann@example.com", "bob@example.com", "valid-1"]),
        ("?channel=email", ["ann@example.com", "bob@example.com"]),
        ("?channel=push", ["valid-1"]),
        ("?to=bob@example.com", ["bob@example.com"]),
        ("?channel=push&to=bob@example.com", []),
        ("?limit=1", ["valid-1"]),
    ],
)
def test_messages_match_channel_and_recipient(client, send, query, found):
    client.post("/api/emails", json=EMAIL)
    send({"message": {"token": "valid-1"}})
    assert [m["to"] for m in client.get(f"/api/messages{query}").json()] == found


@pytest.mark.parametrize("query", ["channel=sms", "limit=0"])
def test_an_unknown_filter_is_refused(client, query):
    assert client.get(f"/api/messages?{query}").status_code == 422


def test_all_are_deleted(client):
    client.post("/api/emails", json=EMAIL)
    assert client.delete("/api/messages").status_code == 204
    assert client.get("/api/messages").json() == []


@pytest.mark.parametrize("change", [{"to": []}, {"colour": "red"}, {"subject": None}])
def test_a_malformed_email_is_refused(client, change):
    assert client.post("/api/emails", json=EMAIL | change).status_code == 422
    assert client.get("/api/messages").json() == []


def test_health(client):
    assert client.get("/health").json() == {"status": "ok"}


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html"),
        ("/page.css", "text/css"),
        ("/page.js", "text/javascript"),
        ("/message.js", "text/javascript"),
    ],
)
def test_the_page_comes_whole_and_restricted(client, path, kind):
    response = client.get(path)
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith(kind)
    assert response.headers["Content-Security-Policy"].startswith("default-src 'none'; ")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    addresses = set(re.findall(r"https?://[\w./]+", response.text))
    assert addresses <= {"http://www.w3.org/2000/svg"}  # an XML name, never fetched
