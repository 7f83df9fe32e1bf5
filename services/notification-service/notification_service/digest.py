"""Sends the daily digest: one e-mail with all its items."""

from collections.abc import Sequence

from event_messages.event import Event

from notification_service.adapters import Adapters
from notification_service.deferrals import DigestItem
from notification_service.sending import Recipient, send_email_of
from notification_service.texts import Item
from notification_service.waiting import due_of


def close_digest(event: Event, adapters: Adapters) -> Sequence[DigestItem]:
    """Close a digest and return its items; return nothing for other notifications."""
    due = due_of(event)
    if due.channel != "email" or due.reminder_id is not None:
        return ()
    return adapters.deferrals.close(due.notification_id)


def send_digest(
    event: Event, held: Sequence[DigestItem], recipient: Recipient, adapters: Adapters
) -> None:
    """Send the digest to the address of its last item; all items share the outcome."""
    items = [Item(**dict(one.content), occurrence=one.occurrence) for one in held]
    event = event.model_copy(update={"data": {**event.data, "email": held[-1].content.email}})
    send_email_of("digest", event, items, recipient, adapters)
