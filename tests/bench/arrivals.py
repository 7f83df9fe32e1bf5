"""Measures reminders from their creation over HTTP to their arrival in the inbox.

A reminder must be due in more than a minute. So the second series measures lateness: the time from
the due time of a reminder to its arrival in the inbox.
"""

import json
import time
import urllib.parse
import urllib.request
import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tests.bench.measures import Series

REMINDERS = 200
RATE = 20  # posts a second
AHEAD = timedelta(seconds=63)
PATIENCE = timedelta(seconds=30)  # after the last due time


def post(url: str, recipient: str, due: datetime, message: str) -> float:
    """Create one reminder and return the seconds until the response."""
    body = {"date": due.isoformat(), "notifyType": "email", "message": message}
    headers = {
        "content-type": "application/json",
        "x-authenticated-userid": recipient,
        "x-consumer-username": recipient,
    }
    request = urllib.request.Request(f"{url}/reminders", json.dumps(body).encode(), headers)
    began = time.perf_counter()
    with urllib.request.urlopen(request, timeout=10):
        return time.perf_counter() - began


def measure_lateness(url: str, recipient: str, due: Mapping[str, datetime]) -> list[float]:
    """Return the seconds from due time to arrival of every reminder."""
    query = urllib.parse.urlencode({"channel": "email", "to": recipient})
    deadline = max(due.values()) + PATIENCE
    messages: list[dict[str, str]] = []
    while len(messages) < len(due):
        if datetime.now(UTC) > deadline:
            raise SystemExit(
                f"bench: expected {len(due)} reminders in the inbox; got {len(messages)} within"
                f" {PATIENCE.total_seconds():.0f} s after the last due time"
            )
        time.sleep(1)
        with urllib.request.urlopen(f"{url}/api/messages?{query}", timeout=10) as answer:
            messages = json.loads(answer.read())
    return [
        (datetime.fromisoformat(message["receivedAt"]) - due[message["title"]]).total_seconds()
        for message in messages
    ]


def measure(variables: Mapping[str, str]) -> list[Series]:
    recipient, due, posts = f"bench-{uuid.uuid4().hex[:8]}@example.com", {}, []
    began = time.monotonic()
    for number in range(REMINDERS):
        time.sleep(max(0.0, began + number / RATE - time.monotonic()))
        name = f"Reminder {number}"
        due[name] = datetime.now(UTC) + AHEAD
        posts.append(post(variables["REMINDERS_URL"], recipient, due[name], name))
    late = Series("due to inbox", measure_lateness(variables["INBOX_URL"], recipient, due))
    rate = f"{REMINDERS} posted at {RATE}/s; p99"
    created = Series("HTTP create", posts)
    return [
        replace(created, remark=f"{rate} {created.percentile(0.99):.3f}"),
        replace(late, remark=f"{rate} {late.percentile(0.99):.3f}"),
    ]
