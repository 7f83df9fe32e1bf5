"""Imports as a user in Berlin makes them."""

from pathlib import Path

import pytest

from tests.services.reminder_service.fakes import InMemoryReminders

FILES = Path(__file__).parent / "files"
TYPE = {"content-type": "text/calendar"}


@pytest.fixture
def store():
    return InMemoryReminders()


@pytest.fixture
def import_content(api, zones):
    """The answer to an import."""
    zones.by_user["user-1"] = "Europe/Berlin"

    def send(content, content_type="text/calendar", **parameters):
        headers = {"content-type": content_type}
        answer = api.post("/reminders/import", content=content, headers=headers, params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return send


@pytest.fixture
def import_file(import_content):
    def send(name, content_type="text/calendar", **parameters):
        return import_content((FILES / name).read_bytes(), content_type, **parameters)

    return send


@pytest.fixture
def coming(store, clock):
    """When each reminder of the user rings, in order, at most `most` times each."""

    def of(user_id="user-1", most=5):
        rings = []
        for reminder in store.page(user_id, 10_000, 0)[0]:
            if reminder.completed_at:
                continue
            moment = clock.now + reminder.offset
            for _ in range(most):
                if (moment := reminder.series.after(moment)) is None:
                    break
                rings.append((moment - reminder.offset).isoformat().replace("+00:00", "Z"))
        return sorted(rings)

    return of
