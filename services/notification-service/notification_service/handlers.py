"""What each message means to this service."""

from collections.abc import Callable

from event_messages import errors as messages
from event_messages.contract import DueNotification, data_of
from event_messages.event import Event

from notification_service import ses_notices
from notification_service.adapters import Adapters
from notification_service.attempts import fail
from notification_service.deliveries import NO_TARGET, Stage, delivery_of
from notification_service.digest import held_by, send_digest
from notification_service.postponement import defer
from notification_service.sending import CHANNELS, Recipient


def handle(event: Event, adapters: Adapters) -> None:
    """Act on one message; a repeat finds its deliveries settled and does nothing."""
    if event.type not in ACTIONS:
        raise messages.UnknownEvent(f"this service has no action for {event.type}")
    ACTIONS[event.type](event, adapters)


def notify(event: Event, adapters: Adapters) -> None:
    """Deliver one occurrence to its user, as the user prefers."""
    due = due_of(event)
    stage = adapters.deliveries.stage(due.occurrence_id)
    if stage is Stage.SETTLED:
        return
    preferences = adapters.preferences.of(event.user_id)
    recipient = Recipient(
        user_id=event.user_id,
        preferences=preferences,
        unsubscribe_url=adapters.unsubscribe_link(event.user_id),
    )
    items = held_by(due, adapters)
    if stage is Stage.NEW and set_aside(due, recipient, adapters, is_digest=bool(items)):
        return
    if items:
        return send_digest(due, items, recipient, adapters)
    CHANNELS[due.channel](due, recipient, adapters)


def due_of(event: Event) -> DueNotification:
    due = data_of(event)
    if not isinstance(due, DueNotification):
        raise messages.MalformedEvent(f"{event.type} carries no due notification")
    return due


def set_aside(
    due: DueNotification, recipient: Recipient, adapters: Adapters, *, is_digest: bool
) -> bool:
    """Whether its user does not want it, or not now; what has begun goes on."""
    if reason := recipient.preferences.refusal(due.channel):
        fail(delivery_of(due, recipient.user_id, NO_TARGET), reason, adapters)
        return True
    if due.urgent:
        return False
    return defer(due, recipient, adapters, is_digest=is_digest)


def note(event: Event, adapters: Adapters) -> None:
    """Act on what SES tells about an e-mail."""
    notice = ses_notices.parse(event.data)
    if notice is None or notice.kind not in ses_notices.ACTIONS:
        raise messages.MalformedEvent("the notice is of no kind that SES is known to publish")
    ses_notices.ACTIONS[notice.kind](notice, adapters.deliveries, adapters.suppressed)


ACTIONS: dict[str, Callable[[Event, Adapters], None]] = {
    "notification:send": notify,
    ses_notices.EVENT_TYPE: note,
}


def read(body: str) -> Event:
    """An event of the platform, or SES's own JSON, which comes through the same topic."""
    return ses_notices.event_of(body) or Event.from_json(body)
