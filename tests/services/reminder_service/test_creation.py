import json
from datetime import UTC, datetime

from reminder_service.creation import make_many
from service_runtime.identity import Caller

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)


def test_the_rest_of_many_is_refused_when_they_take_too_long(body):
    seconds = iter([7.0, 8.0, 11.9, 12.0, 13.0])
    made = make_many([body] * 4, Caller(user_id="user-1"), NOW, lambda: next(seconds))
    results = json.loads(made.body)["results"]
    assert [(one["index"], one["status"]) for one in results] == [
        (0, 201),
        (1, 201),
        (2, 503),
        (3, 503),
    ]
    assert [one["problem"]["code"] for one in results[2:]] == ["OUT_OF_TIME", "OUT_OF_TIME"]
    assert [str(reminder.id) for reminder in made.reminders] == [
        one["reminder"]["id"] for one in results[:2]
    ]
