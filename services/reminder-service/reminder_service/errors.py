"""Defines the errors of the API, each with its HTTP status and a code for clients."""

from service_runtime.problems import Refusal


class PermissionDenied(Refusal):
    """The reminder belongs to another user."""

    http_status = 403
    name = "PERMISSION_DENIED"


class MissingReminder(Refusal):
    """No reminder has this id."""

    http_status = 404
    name = "MISSING_REMINDER"


class TooManyReminders(Refusal):
    """The user has reached the maximum number of reminders; delete some first."""

    http_status = 409
    name = "TOO_MANY_REMINDERS"


class TooManyKeys(Refusal):
    """The user has sent too many requests with an Idempotency-Key today; send none, or wait."""

    http_status = 409
    name = "TOO_MANY_KEYS"


class InvalidCursor(Refusal):
    """The cursor must be the nextCursor of an earlier page."""

    name = "INVALID_CURSOR"


class ReminderEnded(Refusal):
    """The reminder has no occurrence left to snooze; change its date or rule."""

    http_status = 409
    name = "REMINDER_ENDED"


class InvalidDueDate(Refusal):
    """The date less notifyOffset must be more than one minute ahead."""

    name = "INVALID_DUEDATE"


class InvalidRecurrence(Refusal):
    """The recurrence rule is not supported."""

    name = "INVALID_RULE"


class InvalidSnooze(Refusal):
    """A snooze ends one minute to 30 days from now."""

    name = "INVALID_SNOOZE"


class UnknownOccurrence(Refusal):
    """Expected an occurrence that was announced in the last 30 days; name its date."""

    name = "UNKNOWN_OCCURRENCE"


class MissingEmailAddress(Refusal):
    """Expected an e-mail address of the caller; send it with the identity."""

    name = "MISSING_EMAIL_ADDRESS"


class IdempotencyKeyReused(Refusal):
    """The Idempotency-Key was used for another request; use a new key."""

    name = "IDEMPOTENCY_KEY_REUSED"


class OutOfTime(Refusal):
    """The earlier rules used up the computing time of the request; send this reminder again."""

    http_status = 503
    name = "OUT_OF_TIME"
