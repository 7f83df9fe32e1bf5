"""Maps types of messages to actions, and attempts waiting notifications."""

import logging
from collections.abc import Callable

from event_messages import errors as messages
from event_messages.event import Event

from notification_service import ses_notices
from notification_service.adapters import Adapters
from notification_service.attempts import reject
from notification_service.deliveries import Claim, Stage, Standing
from notification_service.pacing import PATIENCE
from notification_service.postponement import defer
from notification_service.preferences import Preferences, zone_from
from notification_service.sending import Recipient, close_digest, send, send_digest
from notification_service.waiting import NotNow, Waiting, due_of, whole_of

EXPIRED = "EXPIRED"
DEVICE_GONE = "DEVICE_GONE"  # removed, or registered by another user, during the wait
DEFAULT_ZONE = "UTC"  # of a reminder without a zone

logger = logging.getLogger(__name__)


def handle(event: Event, adapters: Adapters) -> None:
    """Act on one message; a repeat finds settled deliveries and does nothing."""
    if event.type not in ACTIONS:
        raise messages.UnknownEvent(f"this service has no action for {event.type}")
    ACTIONS[event.type](event, adapters)


def deliver(event: Event, adapters: Adapters) -> None:
    """Attempt a delivery; if it is not possible now, store the notification to retry it."""
    if not adapters.waiting.admit(event):
        return
    try:
        with adapters.lanes.lane(due_of(event).channel):
            attempt_once(event, adapters, is_late=False)
    except NotNow as delay:
        adapters.waiting.put(event, delay)


def retry(waiting: Waiting, adapters: Adapters) -> None:
    """Attempt a waiting notification; it fails permanently after the longest wait."""
    try:
        try:
            attempt_once(waiting.event, adapters, is_late=True)
        except NotNow as delay:
            if not (waiting.expired and delay.expires):
                raise
            reject(waiting.event, EXPIRED, adapters)
            adapters.observe(whole_of(waiting.event), "expired")
    except NotNow as delay:
        return adapters.waiting.postpone(waiting, delay)
    except Exception as error:
        logger.exception("an attempt failed unexpectedly")
        return adapters.waiting.postpone(waiting, NotNow(type(error).__name__))
    # Without further attempts, open deliveries belong to devices that the user has lost.
    adapters.deliveries.reject(whole_of(waiting.event), DEVICE_GONE)
    adapters.waiting.finish(waiting)


def attempt_once(event: Event, adapters: Adapters, *, is_late: bool) -> None:
    """Deliver one occurrence by the current preferences; raise NotNow if it must wait."""
    due = due_of(event)
    stage = adapters.deliveries.stage(due.occurrence_id)
    if stage is Stage.SETTLED:
        return adapters.observe_claim(whole_of(event), Claim(standing=Standing.SETTLED))
    recipient = Recipient(
        user_id=event.user_id,
        preferences=preferences_of(event, adapters),
        unsubscribe_url=adapters.unsubscribe_link(event.user_id),
    )
    if reason := recipient.preferences.refusal(due.channel):
        return reject(event, reason, adapters)
    items = close_digest(event, adapters)
    if (
        stage is Stage.NEW
        and not due.urgent
        and defer(due, recipient, adapters, is_digest=bool(items), is_late=is_late)
    ):
        return
    adapters.pace.take(due.channel, PATIENCE if is_late else 0.0)
    if items:
        return send_digest(event, items, recipient, adapters)
    send(event, recipient, adapters)


def preferences_of(event: Event, adapters: Adapters) -> Preferences:
    """Return the preferences; a user without a zone gets that of the first reminder."""
    preferences, zone = adapters.preferences.of(event.user_id), due_of(event).time_zone
    if zone and zone != DEFAULT_ZONE and preferences.time_zone_source == "default":
        return adapters.preferences.change(event.user_id, zone_from(zone))
    return preferences


def handle_notice(event: Event, adapters: Adapters) -> None:
    """Apply a notice of SES about an e-mail."""
    notice = ses_notices.notice_of(event.data)
    if notice is None or notice.kind not in ses_notices.ACTIONS:
        raise messages.MalformedEvent(
            "expected a notice of a kind that SES documents; add the kind to ses_notices.ACTIONS"
        )
    ses_notices.ACTIONS[notice.kind](notice, adapters.deliveries, adapters.suppressed)


ACTIONS: dict[str, Callable[[Event, Adapters], None]] = {
    "notification:send": deliver,
    ses_notices.EVENT_TYPE: handle_notice,
    ses_notices.NO_NOTICE: lambda event, adapters: ses_notices.handle_information(event),
}


def read(body: str) -> Event:
    """Read an event of the platform, or a message that SES or SNS sent to the queue."""
    return ses_notices.event_of(body) or Event.from_json(body)
