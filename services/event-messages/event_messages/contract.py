"""The data of every type of event."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, ValidationError

from event_messages.errors import MalformedEvent, UnknownEvent
from event_messages.event import SCHEMA_VERSION, Event, explain
from event_messages.identifiers import occurrence_id
from event_messages.shape import Instant, Shape, UserId

Channel = Literal["push", "email"]
Deferral = Literal["QUIET_HOURS", "DIGEST"]
OccurrenceChange = Literal["snoozed", "acknowledged", "completed"]
Version = Annotated[int, Field(ge=1, description="one more at each write of the item")]


def _is_none(value: object) -> bool:
    return value is None


class Reminder(Shape):
    """A reminder as its last write left it."""

    id: UUID
    version: Version
    user_id: UserId
    email: str | None = None
    date: Instant
    is_recurring: bool = False
    rule: Annotated[str | None, Field(description="RFC 5545 RRULE without DTSTART")] = None
    time_zone: Annotated[str, Field(min_length=1, description="IANA time zone")] = "UTC"
    except_dates: Annotated[list[Instant], Field(description="RFC 5545 EXDATE")] = []
    notify_offset: Annotated[int, Field(ge=0, description="minutes before the date")] = 0
    notify_type: Channel = "push"
    message: str
    url: str | None = None
    urgent: bool = False
    handled_through: Annotated[
        Instant | None,
        Field(description="occurrences until then were acknowledged or snoozed"),
    ] = None
    completed: Annotated[bool, Field(description="nothing is to be announced any more")] = False


class ReminderUpdated(Reminder):
    """A reminder as its last write left it, and what its user did with an occurrence."""

    change: Annotated[
        str | None,
        Field(
            description="snoozed, acknowledged or completed; none of an edit, others may come",
            exclude_if=_is_none,
        ),
    ] = None
    until: Annotated[
        Instant | None,
        Field(description="when what was snoozed is announced", exclude_if=_is_none),
    ] = None


class ReminderDeleted(Shape):
    id: UUID
    version: Version
    user_id: UserId


class PendingNotification(Shape):
    """A notification that waits for its time."""

    id: UUID
    version: Version
    user_id: UserId
    email: str | None = None
    deliver_at: Instant
    occurrence: Annotated[Instant, Field(description="the date that the notification is about")]
    channel: Channel = "push"
    message: str
    url: str | None = None
    reminder_id: UUID | None = None
    urgent: bool = False
    reason: Annotated[Deferral | None, Field(description="why it is late, if it is")] = None
    deferred_from: Annotated[
        UUID | None, Field(description="the notification whose place it takes, later")
    ] = None


class NotificationDeleted(Shape):
    id: UUID
    version: Version
    reminder_id: UUID | None = None


class DueNotification(Shape):
    """One occurrence of a notification, to be delivered now."""

    notification_id: UUID
    reminder_id: UUID | None = None
    occurrence_id: Annotated[UUID, Field(description="the same for each repeat of the message")]
    occurrence: Instant
    deliver_at: Instant
    channel: Channel
    message: str
    url: str | None = None
    email: str | None = None
    urgent: bool = False

    @classmethod
    def of(cls, pending: PendingNotification) -> Self:
        return cls(
            notification_id=pending.id,
            occurrence_id=occurrence_id(pending.id, pending.occurrence),
            **pending.model_dump(exclude={"id", "version", "user_id", "reason", "deferred_from"}),
        )


class DeliveryOutcome(Shape):
    """What became of one occurrence at one device or address."""

    notification_id: UUID
    reminder_id: UUID | None = None
    occurrence_id: UUID
    channel: Channel
    target: Annotated[str, Field(description="device id or e-mail address")]
    provider_id: Annotated[str | None, Field(description="the provider's message id")] = None
    reason: Annotated[str | None, Field(description="why it failed")] = None
    settled_at: Instant


class DeviceRegistered(Shape):
    device_id: UUID


class DeviceRemoved(Shape):
    device_id: UUID
    reason: str | None = None


DATA: Mapping[str, type[Shape]] = {
    "reminder:created": Reminder,
    "reminder:updated": ReminderUpdated,
    "reminder:deleted": ReminderDeleted,
    "notification:create": PendingNotification,
    "notification:update": PendingNotification,
    "notification:delete": NotificationDeleted,
    "notification:created": PendingNotification,
    "notification:updated": PendingNotification,
    "notification:deleted": NotificationDeleted,
    "notification:send": DueNotification,
    "notification:delivered": DeliveryOutcome,
    "notification:failed": DeliveryOutcome,
    "device:registered": DeviceRegistered,
    "device:removed": DeviceRemoved,
}
COMMANDS = frozenset({"notification:create", "notification:update", "notification:delete"})


def data_of(event: Event) -> Shape:
    """The event's data, checked against the contract.

    A member that this service does not know is a later version's, so it is no matter; in a
    command, which anybody may send, it is a mistake.
    """
    if event.type not in DATA:
        raise UnknownEvent(f"the contract has no event of type {event.type}")
    if event.schema_version > SCHEMA_VERSION:
        raise MalformedEvent(
            f"{event.type} has schema version {event.schema_version}; "
            f"this service reads up to {SCHEMA_VERSION}"
        )
    try:
        shape = DATA[event.type]
        if event.type in COMMANDS:
            return shape.model_validate(event.data)
        return shape.model_validate(event.data, extra="ignore")
    except ValidationError as error:
        raise MalformedEvent(f"{event.type} has bad data: {explain(error)}") from None
