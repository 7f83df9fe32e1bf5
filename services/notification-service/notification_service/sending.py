"""The ways that a notification takes to its user."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from event_messages import errors as messages
from event_messages.contract import DueNotification

from notification_service.adapters import Adapters
from notification_service.attempts import Sending, attempt, attempt_all, fail
from notification_service.deliveries import NO_TARGET, Stage, delivery_of
from notification_service.devices import Device
from notification_service.errors import AddressSuppressed
from notification_service.fcm_push import Push
from notification_service.preferences import Preferences
from notification_service.ses_email import Email
from notification_service.texts import Item, PushText, Reader
from notification_service.written_text import web_address

ADDRESS = re.compile(r"[^@\s\x00-\x1f\x7f]{1,64}@[^@\s\x00-\x1f\x7f]{1,255}")


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
    return Item(message=due.message, occurrence=due.occurrence, url=due.url)


def notify_by_push(due: DueNotification, recipient: Recipient, adapters: Adapters) -> None:
    """Each device has a delivery of its own, so that a throttled one repeats none of the others."""
    devices = adapters.devices.of(recipient.user_id)
    if not devices and adapters.deliveries.stage(due.occurrence_id) is Stage.NEW:
        fail(delivery_of(due, recipient.user_id, NO_TARGET), "NO_DEVICE", adapters)
    text = adapters.texts.push(kind_of(due), recipient.reader, [item_of(due)])
    waits = attempt_all([push_to(device, due, text, adapters) for device in devices], adapters)
    if waits:
        raise messages.RetryLater(f"{len(waits)} of {len(devices)} pushes wait", min(waits))


def push_to(device: Device, due: DueNotification, text: PushText, adapters: Adapters) -> Sending:
    push = Push(
        token=device.fcm_token,
        text=text,
        notification_id=due.notification_id,
        occurrence_id=due.occurrence_id,
        url=web_address(due.url),
    )
    delivery = delivery_of(due, device.user_id, str(device.id))
    return Sending(delivery, lambda: adapters.push.send(push))


def notify_by_email(due: DueNotification, recipient: Recipient, adapters: Adapters) -> None:
    deliver_email(kind_of(due), due, [item_of(due)], recipient, adapters)


def deliver_email(
    kind: str,
    due: DueNotification,
    items: Sequence[Item],
    recipient: Recipient,
    adapters: Adapters,
) -> None:
    if reason := address_problem(due):
        return fail(delivery_of(due, recipient.user_id, NO_TARGET), reason, adapters)
    email = Email(
        to=due.email or "",
        text=adapters.texts.email(kind, recipient.reader, items),
        occurrence_id=due.occurrence_id,
        unsubscribe_url=recipient.unsubscribe_url,
    )
    delivery = delivery_of(due, recipient.user_id, email.to)
    wait = attempt(delivery, lambda: send_email(email, adapters), adapters)
    if wait is not None:
        raise messages.RetryLater("the e-mail waits", wait)


def address_problem(due: DueNotification) -> str | None:
    """Why no e-mail can be sent to the address, if so."""
    if not due.email:
        return "NO_ADDRESS"
    return None if ADDRESS.fullmatch(due.email) else "BAD_ADDRESS"


def send_email(email: Email, adapters: Adapters) -> str:
    if adapters.suppressed.includes(email.to):
        raise AddressSuppressed("The address bounced or complained before.")
    return adapters.email.send(email)


CHANNELS: dict[str, Callable[[DueNotification, Recipient, Adapters], None]] = {
    "push": notify_by_push,
    "email": notify_by_email,
}
