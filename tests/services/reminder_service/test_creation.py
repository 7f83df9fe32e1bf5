import json
from datetime import UTC, datetime

from reminder_service.creation import Budget, make_many
from reminder_service.reminders import new_reminder
from service_runtime.identity import Caller

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)


def test_unexpected_error_answers_its_item(body, monkeypatch):
    def fail_once(*arguments):
        if arguments[1]["message"] == "odd":
            raise OverflowError("date value out of range")
        return new_reminder(*arguments)

    monkeypatch.setattr("reminder_service.creation.new_reminder", fail_once)
    made = make_many(
        [{**body, "message": "odd"}, body], Caller(user_id="user-1"), NOW, lambda: "UTC", Budget()
    )
    results = json.loads(made.body)["results"]
    assert [one["status"] for one in results] == [500, 201]
    assert results[0]["problem"]["code"] == "INTERNAL"


def test_slow_bulk_request_refuses_the_rest(body):
    seconds = iter([7.0, 8.0, 11.9, 12.0, 13.0])
    budget = Budget(lambda: next(seconds))
    made = make_many([body] * 4, Caller(user_id="user-1"), NOW, lambda: "UTC", budget)
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
