"""What a user wants to be told, when and by which way."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from event_messages.contract import Channel

from notification_service.local_times import zone_of
from notification_service.quiet_hours import QuietWindow, first_instant, quiet_until

ALL_CHANNELS: frozenset[Channel] = frozenset(("push", "email"))


@dataclass(frozen=True, kw_only=True)
class Preferences:
    """Of one user; whoever never said anything has those of a new one."""

    time_zone: str = "UTC"  # IANA name
    locale: str = "en"  # BCP 47
    quiet_hours: tuple[QuietWindow, ...] = ()
    channels: frozenset[Channel] = ALL_CHANNELS
    digest_at: time | None = None  # on the wall clock of the time zone
    unsubscribed: bool = False  # from every e-mail
    version: int = 0  # one more at each change

    @property
    def zone(self) -> ZoneInfo:
        return zone_of(self.time_zone)

    def refusal(self, channel: Channel) -> str | None:
        """Why nothing goes this way, if it is so."""
        if channel not in self.channels:
            return "CHANNEL_DISABLED"
        return "UNSUBSCRIBED" if channel == "email" and self.unsubscribed else None

    def quiet_until(self, moment: datetime) -> datetime | None:
        """When the quiet hours end in which the moment lies; None when it lies in none."""
        if not self.quiet_hours:
            return None
        return quiet_until(self.quiet_hours, self.zone, moment)

    def next_digest(self, moment: datetime) -> datetime | None:
        """When the next digest after the moment is due, which is not in quiet hours."""
        if self.digest_at is None:
            return None
        day = moment.astimezone(self.zone).date()
        for _ in range(4):  # a zone may have skipped today or tomorrow
            due = first_instant(datetime.combine(day, self.digest_at), self.zone)
            if due > moment:
                return self.quiet_until(due) or due.astimezone(UTC)
            day += timedelta(days=1)
        raise AssertionError("no zone skips three days")


class PreferenceStore(Protocol):
    def of(self, user_id: str) -> Preferences: ...

    def change(self, user_id: str, make: Callable[[Preferences], Preferences]) -> Preferences:
        """Store what `make` makes of them, one version later, unless that is the same."""
        ...
