"""The bodies of requests and answers about preferences."""

import re
from dataclasses import replace
from datetime import time
from typing import Annotated, Any, Literal, Self

from event_messages.contract import Channel
from pydantic import AfterValidator, ConfigDict, Field
from service_runtime.bodies import UNNAMED, Body, TimeZone, without_defaults

from notification_service.preferences import Preferences
from notification_service.quiet_hours import LEAST_FREE, QuietWindow, free_minutes

MOST_WINDOWS = 14
CHANNELS: tuple[Channel, ...] = ("push", "email")
LOCALE = re.compile(
    r"([a-z]{2,3})(-[a-z]{4})?(-(?:[a-z]{2}|[0-9]{3}))?((?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*)",
    re.IGNORECASE | re.ASCII,
)

Day = Literal["mo", "tu", "we", "th", "fr", "sa", "su"]
ClockTime = Annotated[
    str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", examples=["22:00"], description="HH:MM")
]


def canonical_locale(tag: str) -> str:
    """Language, script, region and variants, in the letters that BCP 47 recommends."""
    found = LOCALE.fullmatch(tag)
    if not found:
        raise ValueError("expected a BCP 47 language tag such as de or pt-BR")
    language, script, region, variants = (part or "" for part in found.groups())
    return language.lower() + script.title() + region.upper() + variants.lower()


class PreferenceBody(Body):
    model_config = ConfigDict(populate_by_name=True)


def checked_days(days: list[Day]) -> list[Day]:
    if len(set(days)) < len(days):
        raise ValueError("each day may be named once")
    return days


Days = Annotated[
    list[Day],
    Field(min_length=1, max_length=7, json_schema_extra={"uniqueItems": True}),
    AfterValidator(checked_days),
]


class QuietHours(PreferenceBody):
    """A window that begins on each of the days; it may end on the next day."""

    days: Days
    begin: ClockTime = Field(alias="from")
    end: ClockTime = Field(
        alias="to", description="on the next day when it is not later than `from`"
    )

    def window(self) -> QuietWindow:
        begin, end = time.fromisoformat(self.begin), time.fromisoformat(self.end)
        return QuietWindow(days=tuple(self.days), begin=begin, end=end)

    @classmethod
    def of(cls, window: QuietWindow) -> Self:
        days: Any = list(window.days)
        return cls(days=days, begin=f"{window.begin:%H:%M}", end=f"{window.end:%H:%M}")


def checked_quiet_hours(given: list[QuietHours]) -> list[QuietHours]:
    if free_minutes([one.window() for one in given]) < LEAST_FREE:
        raise ValueError("a week must have an hour that is not quiet, or nothing ever arrives")
    return given


Locale = Annotated[
    str,
    Field(min_length=2, max_length=35, description="BCP 47", examples=["pt-BR"]),
    AfterValidator(canonical_locale),
]
QuietHoursList = Annotated[
    list[QuietHours], Field(max_length=MOST_WINDOWS), AfterValidator(checked_quiet_hours)
]


class Channels(PreferenceBody):
    push: bool = True
    email: bool = True


class PreferencesBody(PreferenceBody):
    """All of them; what is left out is as for a new user."""

    time_zone: TimeZone = "UTC"
    locale: Locale = "en"
    quiet_hours: QuietHoursList = []
    channels: Channels = Channels()
    daily_digest: ClockTime | None = Field(
        None, description="when e-mails that are not urgent come, as one; null: each by itself"
    )
    unsubscribed: bool = Field(
        False, description="from every e-mail; stays as it is unless a request names it"
    )

    def replacing(self, current: Preferences) -> Preferences:
        kept = Preferences(unsubscribed=current.unsubscribed)
        values = {name: getattr(self, name) for name in type(self).model_fields}
        if "unsubscribed" not in self.model_fields_set:
            del values["unsubscribed"]
        return changed(kept, values)

    @classmethod
    def of(cls, given: Preferences) -> Self:
        return cls(
            time_zone=given.time_zone,
            locale=given.locale,
            quiet_hours=[QuietHours.of(window) for window in given.quiet_hours],
            channels=Channels(push="push" in given.channels, email="email" in given.channels),
            daily_digest=f"{given.digest_at:%H:%M}" if given.digest_at else None,
            unsubscribed=given.unsubscribed,
        )


class ChannelsChange(PreferenceBody):
    model_config = ConfigDict(json_schema_extra=without_defaults)

    push: bool = UNNAMED
    email: bool = UNNAMED


class PreferencesChange(PreferenceBody):
    """Only what is named changes."""

    model_config = ConfigDict(json_schema_extra=without_defaults)

    time_zone: TimeZone = UNNAMED
    locale: Locale = UNNAMED
    quiet_hours: QuietHoursList = UNNAMED
    channels: ChannelsChange = UNNAMED
    daily_digest: ClockTime | None = None
    unsubscribed: bool = UNNAMED

    def applied_to(self, current: Preferences) -> Preferences:
        return changed(current, {name: getattr(self, name) for name in self.model_fields_set})


def changed(current: Preferences, named: dict[str, Any]) -> Preferences:
    """The preferences with what a request names."""
    values = dict(named)
    if "quiet_hours" in values:
        values["quiet_hours"] = tuple(one.window() for one in values["quiet_hours"])
    if "channels" in values:
        values["channels"] = switched(current.channels, values["channels"])
    if "daily_digest" in values:
        given = values.pop("daily_digest")
        values["digest_at"] = time.fromisoformat(given) if given else None
    return replace(current, **values)


def switched(current: frozenset[Channel], given: Channels | ChannelsChange) -> frozenset[Channel]:
    wanted = {name: getattr(given, name) for name in CHANNELS}
    named = given.model_fields_set if isinstance(given, ChannelsChange) else set(CHANNELS)
    return frozenset(
        name for name in CHANNELS if (wanted[name] if name in named else name in current)
    )
