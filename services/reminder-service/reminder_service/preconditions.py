"""Checks If-Match, so that changes apply only to the version that was read."""

from collections.abc import Callable

from service_runtime.preconditions import IfMatch, etag, matches
from service_runtime.problems import problem_responses

from reminder_service.errors import VersionMismatch
from reminder_service.reminders import Reminder

CHANGE_REFUSED = problem_responses(403, 404, 412)  # of a change of one reminder


def check_match(if_match: IfMatch, version: int) -> None:
    """Raise VersionMismatch unless the header permits this version."""
    if not matches(if_match, version):
        raise VersionMismatch(headers={"ETag": etag(version)})


def with_match(
    if_match: IfMatch, make: Callable[[Reminder], Reminder]
) -> Callable[[Reminder], Reminder]:
    """Return the change with a check that the version is the one that was read."""

    def change(current: Reminder) -> Reminder:
        check_match(if_match, current.version)
        return make(current)

    return change
