"""What this service refuses, each with its HTTP status and the code that clients act on."""

from typing import Any

from service_runtime.problems import Problem


class Refusal(Problem):
    """The request was refused."""

    http_status = 400
    name = "REFUSED"

    def __init__(self, detail: str | None = None, **options: Any) -> None:
        text = detail or type(self).__doc__ or ""
        super().__init__(self.http_status, self.name, text, **options)


class PermissionDenied(Refusal):
    """The reminder belongs to another user."""

    http_status = 403
    name = "PERMISSION_DENIED"


class MissingReminder(Refusal):
    """There is no such reminder."""

    http_status = 404
    name = "MISSING_REMINDER"


class TooManyReminders(Refusal):
    """The user has as many reminders as one may have; delete some first."""

    http_status = 409
    name = "TOO_MANY_REMINDERS"


class ReminderEnded(Refusal):
    """The reminder has no occurrence left to snooze; change its date or rule to go on."""

    http_status = 409
    name = "REMINDER_ENDED"


class VersionMismatch(Refusal):
    """The reminder was changed since the version that If-Match names; read it again."""

    http_status = 412
    name = "VERSION_MISMATCH"


class InvalidDueDate(Refusal):
    """The date less notifyOffset must be more than one minute ahead."""

    http_status = 422
    name = "INVALID_DUEDATE"


class InvalidRecurrence(Refusal):
    """The recurrence rule cannot be followed."""

    http_status = 422
    name = "INVALID_RULE"


class InvalidSnooze(Refusal):
    """A snooze ends one minute to 30 days from now."""

    http_status = 422
    name = "INVALID_SNOOZE"


class MissingEmailAddress(Refusal):
    """An e-mail needs an address; who calls came without a valid one."""

    http_status = 422
    name = "MISSING_EMAIL_ADDRESS"


class IdempotencyKeyReused(Refusal):
    """The Idempotency-Key was used for another request; make a new key."""

    http_status = 422
    name = "IDEMPOTENCY_KEY_REUSED"


class OutOfTime(Refusal):
    """The rules before took all the computing that one request may take; send this one again."""

    http_status = 503
    name = "OUT_OF_TIME"
