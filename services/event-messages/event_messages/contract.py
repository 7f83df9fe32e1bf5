"""Defines the data of every event type."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, ValidationError

from event_messages.content import Channel, Content, NotifyType
from event_messages.errors import MalformedEvent, UnknownEvent
from event_messages.event import SCHEMA_VERSION, Event, explain
from event_messages.identifiers import occurrence_id
from event_messages.shape import Instant, Shape, UserId, is_default, is_none

Deferral = Literal["QUIET_HOURS", "DIGEST"]
OccurrenceChange = Literal["snoozed", "acknowledged", "completed", "rezoned"]
Version = Annotated[int, Field(ge=1, description="grows by one with each write of the item")]


NotificationZone = Annotated[
    str | None,
    Field(
        min_length=1,
        description="IANA time zone of the reminder, in which texts name times",
        exclude_if=is_none,
    ),
]
ExplicitTime = Annotated[
    bool,
    Field(
        description="the user chose this time, so quiet hours do not defer the notification",
        exclude_if=is_default,
    ),
]
Missed = Annotated[
    int,
    Field(
        ge=0,
        description="earlier occurrences of the series that were not announced",
        exclude_if=is_default,
    ),
]


class Reminder(Content):
    """Describes a reminder after its last write."""

    id: UUID
    version: Version
    user_id: UserId
    channel: NotifyType = "push"
    date: Instant
    is_recurring: bool = False
    rule: Annotated[str | None, Field(description="RFC 5545 RRULE without DTSTART")] = None
    time_zone: Annotated[str, Field(min_length=1, description="IANA time zone")] = "UTC"
    except_dates: Annotated[list[Instant], Field(description="RFC 5545 EXDATE")] = []
    notify_offset: Annotated[int, Field(ge=0, description="minutes before the date")] = 0
    scheduled_from: Annotated[
        Instant | None,
        Field(
            description="when the schedule was last changed; a series announces only later times",
            exclude_if=is_none,
        ),
    ] = None
    last_occurrence: Annotated[
        Instant | None,
        Field(
            description="the last occurrence of a rule with COUNT",
            exclude_if=is_none,
        ),
    ] = None
    handled_through: Annotated[
        Instant | None,
        Field(description="occurrences up to this time were acknowledged or snoozed"),
    ] = None
    completed: Annotated[bool, Field(description="true if nothing is announced any more")] = False


class ReminderUpdated(Reminder):
    """Describes a reminder after its last write, and the action of its user on an occurrence."""

    change: Annotated[
        str | None,
        Field(
            description="`snoozed`, `acknowledged`, `completed`, or `rezoned` by new time zone "
            "data; absent for an edit",
            exclude_if=is_none,
        ),
    ] = None
    until: Annotated[
        Instant | None,
        Field(description="time at which the snoozed occurrence is announced", exclude_if=is_none),
    ] = None


class ReminderDeleted(Shape):
    """Names a reminder that its user deleted."""

    id: UUID
    version: Version
    user_id: UserId


class PendingNotification(Content):
    """Describes a notification that waits for its delivery time."""

    id: UUID
    version: Version
    user_id: UserId
    deliver_at: Instant
    occurrence: Annotated[Instant, Field(description="the date that the notification is about")]
    reminder_id: UUID | None = None
    time_zone: NotificationZone = None
    explicit_time: ExplicitTime = False
    missed: Missed = 0
    reason: Annotated[Deferral | None, Field(description="the reason for a deferral")] = None
    deferred_from: Annotated[
        UUID | None, Field(description="id of the notification that it replaces")
    ] = None


class NotificationDeleted(Shape):
    """Names a notification that is not delivered any more."""

    id: UUID
    version: Version
    reminder_id: UUID | None = None


class DueNotification(Content):
    """Describes one occurrence of a notification to deliver now."""

    notification_id: UUID
    reminder_id: UUID | None = None
    occurrence_id: Annotated[UUID, Field(description="the same for each repeat of the message")]
    occurrence: Instant
    deliver_at: Instant
    channel: Channel
    time_zone: NotificationZone = None
    explicit_time: ExplicitTime = False
    missed: Missed = 0

    @classmethod
    def of(cls, pending: PendingNotification) -> Self:
        return cls(
            notification_id=pending.id,
            occurrence_id=occurrence_id(pending.id, pending.occurrence),
            **pending.model_dump(exclude={"id", "version", "user_id", "reason", "deferred_from"}),
        )


class DeliveryOutcome(Shape):
    """Reports the outcome of one occurrence at one device or address."""

    notification_id: UUID
    reminder_id: UUID | None = None
    occurrence_id: UUID
    channel: Channel
    target: Annotated[str, Field(description="device id or e-mail address")]
    provider_id: Annotated[str | None, Field(description="the provider's message id")] = None
    reason: Annotated[str | None, Field(description="why it failed")] = None
    settled_at: Instant


class PreferencesUpdated(Shape):
    """Describes the preferences of a user that other services need."""

    user_id: UserId
    time_zone: Annotated[
        str | None, Field(min_length=1, description="IANA time zone; null if the user has none")
    ] = None
    version: Version


class DeviceRegistered(Shape):
    """Names a device that a user registered."""

    device_id: UUID


class DeviceRemoved(Shape):
    """Names a device that gets no push notifications any more, with the reason."""

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
    "preferences:updated": PreferencesUpdated,
}
COMMANDS = frozenset({"notification:create", "notification:update", "notification:delete"})


def data_of(event: Event) -> Shape:
    """Return the data of an event, validated by the contract.

    Raises UnknownEvent for an unknown type and MalformedEvent for bad data. Unknown members of
    facts are ignored, because later versions add them. Unknown members of commands are errors.
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
