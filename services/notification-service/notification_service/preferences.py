"""Defines the preferences of a user: channels, times and language."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from event_messages.content import CHANNELS, Channel
from event_messages.contract import PreferencesUpdated
from event_messages.event import Event

from notification_service.local_times import zone_of
from notification_service.quiet_hours import QuietWindow, instant_of, quiet_until

ZoneSource = Literal["default", "reminder", "chosen"]


@dataclass(frozen=True, kw_only=True)
class Preferences:
    """Contains the preferences of one user; the defaults are those of a new user."""

    time_zone: str = "UTC"  # IANA name
    time_zone_source: ZoneSource = "default"
    locale: str = "en"  # BCP 47
    quiet_hours: tuple[QuietWindow, ...] = ()
    channels: frozenset[Channel] = frozenset(CHANNELS)
    digest_at: time | None = None  # in the time zone of the user
    unsubscribed: bool = False  # from all e-mails
    version: int = 0  # grows by one with each change

    @property
    def zone(self) -> ZoneInfo:
        return zone_of(self.time_zone)

    def refusal(self, channel: Channel) -> str | None:
        """Return the reason why nothing may be sent through the channel, or None."""
        if channel not in self.channels:
            return "CHANNEL_DISABLED"
        return "UNSUBSCRIBED" if channel == "email" and self.unsubscribed else None

    def quiet_until(self, moment: datetime) -> datetime | None:
        """Return the end of the quiet hours that include the moment, or None."""
        if not self.quiet_hours:
            return None
        return quiet_until(self.quiet_hours, self.zone, moment)

    def next_digest(self, moment: datetime) -> datetime | None:
        """Return the next digest time after the moment, outside of quiet hours."""
        if self.digest_at is None:
            return None
        today = moment.astimezone(self.zone).date()
        for offset in range(-1, 4):  # the last one can wait for the end of quiet hours
            day = today + timedelta(days=offset)
            due = instant_of(datetime.combine(day, self.digest_at), self.zone, fold=0)
            at = self.quiet_until(due) or due.astimezone(UTC)
            if at > moment:
                return at
        raise AssertionError("expected a digest within three days")


def zone_from(reminder_zone: str) -> Callable[[Preferences], Preferences]:
    """Return the change that sets the zone of a reminder, unless the user has one."""

    def derive(current: Preferences) -> Preferences:
        if current.time_zone_source != "default":
            return current
        return replace(current, time_zone=reminder_zone, time_zone_source="reminder")

    return derive


def updated_event(user_id: str, preferences: Preferences) -> Event:
    """Return the event that reports a change to other services."""
    has_zone = preferences.time_zone_source != "default"
    data = PreferencesUpdated(
        user_id=user_id,
        time_zone=preferences.time_zone if has_zone else None,
        version=preferences.version,
    )
    return Event.new("preferences:updated", user_id, data)
