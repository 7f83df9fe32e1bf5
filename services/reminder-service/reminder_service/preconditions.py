"""ETag and If-Match: a change applies only to the version that the client has read."""

from collections.abc import Callable

from service_runtime.preconditions import IfMatch, etag, matches
from service_runtime.problems import problem_responses

from reminder_service.errors import VersionMismatch
from reminder_service.reminders import Reminder

CHANGE_REFUSED = problem_responses(403, 404, 412)  # what a change of one reminder may meet


def check_match(if_match: IfMatch, version: int) -> None:
    """Refuse unless any version will do or this one is named by a strong tag."""
    if not matches(if_match, version):
        raise VersionMismatch(headers={"ETag": etag(version)})


def matched(
    if_match: IfMatch, make: Callable[[Reminder], Reminder]
) -> Callable[[Reminder], Reminder]:
    """The change, of the version that the client has read and no other."""

    def change(current: Reminder) -> Reminder:
        check_match(if_match, current.version)
        return make(current)

    return change
