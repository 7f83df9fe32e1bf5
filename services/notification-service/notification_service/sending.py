"""Sends a notification through its channel."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from event_messages import canary
from event_messages.addresses import BadAddress, email_address
from event_messages.contract import DueNotification
from event_messages.event import Event

from notification_service.adapters import Adapters
from notification_service.attempts import Sending, attempt, reject
from notification_service.deferrals import DigestItem
from notification_service.deliveries import delivery_of
from notification_service.devices import Device
from notification_service.errors import AddressSuppressed
from notification_service.fcm_message import Push
from notification_service.metrics import CANARY, observe_canary
from notification_service.preferences import Preferences
from notification_service.ses_email import Email
from notification_service.texts import Item, PushText, Reader
from notification_service.waiting import due_of


@dataclass(frozen=True, kw_only=True)
class Recipient:
    user_id: str
    preferences: Preferences
    unsubscribe_url: str | None = None

    @property
    def reader(self) -> Reader:
        return Reader(
            locale=self.preferences.locale,
            time_zone=self.preferences.time_zone,
            unsubscribe_url=self.unsubscribe_url,
        )


def kind_of(due: DueNotification) -> str:
    return "urgent" if due.urgent else "reminder"


def item_of(due: DueNotification) -> Item:
    return Item.model_validate(due, from_attributes=True)


def send_push(event: Event, recipient: Recipient, adapters: Adapters) -> None:
    """Send to each device in a separate delivery, so that a retry does not repeat the others."""
    due, devices = due_of(event), adapters.devices.of(event.user_id)
    if not devices:
        return reject(event, "NO_DEVICE", adapters)
    text = adapters.texts.push(kind_of(due), recipient.reader, [item_of(due)])
    attempt([push_to(device, due, text, adapters) for device in devices], adapters)


def push_to(device: Device, due: DueNotification, text: PushText, adapters: Adapters) -> Sending:
    push = Push(
        token=device.fcm_token,
        text=text,
        notification_id=due.notification_id,
        occurrence_id=due.occurrence_id,
        occurrence=due.occurrence,
        content=due.content,
    )
    delivery = delivery_of(due, device.user_id, str(device.id))
    return Sending(delivery, lambda: adapters.push.send(push))


def send_email(event: Event, recipient: Recipient, adapters: Adapters) -> None:
    due = due_of(event)
    send_email_of(kind_of(due), event, [item_of(due)], recipient, adapters)


def send_email_of(
    kind: str, event: Event, items: Sequence[Item], recipient: Recipient, adapters: Adapters
) -> None:
    due = due_of(event)
    if reason := address_problem(due):
        return reject(event, reason, adapters)
    email = Email(
        to=email_address(due.email or ""),
        text=adapters.texts.email(kind, recipient.reader, items),
        occurrence_id=due.occurrence_id,
        unsubscribe_url=recipient.unsubscribe_url,
    )
    delivery = delivery_of(due, recipient.user_id, email.to)
    attempt([Sending(delivery, lambda: send_unless_suppressed(email, adapters))], adapters)


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


def address_problem(due: DueNotification) -> str | None:
    """Return why no e-mail can be sent to the address, or None."""
    try:
        email_address(due.email or "")
    except BadAddress:
        return "BAD_ADDRESS" if due.email else "NO_ADDRESS"
    return None


def send_unless_suppressed(email: Email, adapters: Adapters) -> str:
    if adapters.suppressed.includes(email.to):
        raise AddressSuppressed("The address is suppressed because of a bounce or complaint.")
    return adapters.email.send(email)


def send_canary(event: Event, recipient: Recipient, adapters: Adapters) -> None:
    """Process a notification of the canary in every step except the provider."""
    due = due_of(event)
    delivery = delivery_of(due, recipient.user_id, CANARY)
    attempt([Sending(delivery, lambda: observe_canary(due))], adapters)


def send(event: Event, recipient: Recipient, adapters: Adapters) -> None:
    """Send a notification through its channel."""
    due = due_of(event)
    is_canary = due.notification_id in canary.IDS
    (send_canary if is_canary else CHANNELS[due.channel])(event, recipient, adapters)


CHANNELS: dict[str, Callable[[Event, Recipient, Adapters], None]] = {
    "push": send_push,
    "email": send_email,
}
