"""The daily digest: one e-mail of all that was collected for it."""

from collections.abc import Sequence

from event_messages.contract import DueNotification

from notification_service.adapters import Adapters
from notification_service.deferrals import DigestItem
from notification_service.sending import Recipient, deliver_email
from notification_service.texts import Item


def held_by(due: DueNotification, adapters: Adapters) -> Sequence[DigestItem]:
    """What a digest holds, which takes nothing more in from now on; nothing if it is none."""
    if due.channel != "email" or due.reminder_id is not None:
        return ()
    return adapters.deferrals.close(due.notification_id)


def send_digest(
    due: DueNotification, held: Sequence[DigestItem], recipient: Recipient, adapters: Adapters
) -> None:
    """Send it to the address that came last; its items share its outcome."""
    items = [Item(message=one.message, occurrence=one.occurrence, url=one.url) for one in held]
    due = due.model_copy(update={"email": held[-1].email})
    deliver_email("digest", due, items, recipient, adapters)
