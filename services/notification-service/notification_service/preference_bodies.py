"""Defines the bodies of requests and answers about preferences."""

import re
from dataclasses import replace
from datetime import time
from typing import Annotated, Any, Literal, Self

from event_messages.content import CHANNELS, Channel
from pydantic import AfterValidator, ConfigDict, Field
from service_runtime.bodies import UNNAMED, Body, TimeZone, remove_defaults

from notification_service.preferences import Preferences, ZoneSource
from notification_service.quiet_hours import LEAST_FREE, QuietWindow, free_minutes

MOST_WINDOWS = 14
LOCALE = re.compile(
    r"([a-z]{2,3})(-[a-z]{4})?(-(?:[a-z]{2}|[0-9]{3}))?((?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*)",
    re.IGNORECASE | re.ASCII,
)

Day = Literal["mo", "tu", "we", "th", "fr", "sa", "su"]
ClockTime = Annotated[
    str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", examples=["22:00"], description="HH:MM")
]


def canonical_locale(tag: str) -> str:
    """Return a language tag in the spelling that BCP 47 recommends."""
    found = LOCALE.fullmatch(tag)
    if not found:
        raise ValueError("Expected a BCP 47 language tag, such as de or pt-BR.")
    language, script, region, variants = (part or "" for part in found.groups())
    return language.lower() + script.title() + region.upper() + variants.lower()


class PreferenceBody(Body):
    model_config = ConfigDict(populate_by_name=True)


def check_days(days: list[Day]) -> list[Day]:
    if len(set(days)) < len(days):
        raise ValueError("Expected each day at most once.")
    return days


Days = Annotated[
    list[Day],
    Field(min_length=1, max_length=7, json_schema_extra={"uniqueItems": True}),
    AfterValidator(check_days),
]


class QuietHours(PreferenceBody):
    """Describes a window that starts on each of the days; it may end on the next day."""

    days: Days
    begin: ClockTime = Field(alias="from")
    end: ClockTime = Field(alias="to", description="on the next day if it is not later than `from`")

    def window(self) -> QuietWindow:
        begin, end = time.fromisoformat(self.begin), time.fromisoformat(self.end)
        return QuietWindow(days=tuple(self.days), begin=begin, end=end)

    @classmethod
    def of(cls, window: QuietWindow) -> Self:
        days: Any = list(window.days)
        return cls(days=days, begin=f"{window.begin:%H:%M}", end=f"{window.end:%H:%M}")


def check_quiet_hours(given: list[QuietHours]) -> list[QuietHours]:
    if free_minutes([one.window() for one in given]) < LEAST_FREE:
        raise ValueError("Expected at least one hour per week outside of quiet hours.")
    return given


Locale = Annotated[
    str,
    Field(min_length=2, max_length=35, description="BCP 47", examples=["pt-BR"]),
    AfterValidator(canonical_locale),
]
QuietHoursList = Annotated[
    list[QuietHours], Field(max_length=MOST_WINDOWS), AfterValidator(check_quiet_hours)
]


class Channels(PreferenceBody):
    """Names the channels that may reach the user."""

    push: bool = True
    email: bool = True


class PreferencesBody(PreferenceBody):
    """Contains all preferences; omitted ones have the defaults of a new user."""

    time_zone: TimeZone = "UTC"
    time_zone_source: ZoneSource = Field(
        "default",
        description="`chosen` by the user, from the first `reminder`, or the `default`;"
        " ignored in requests",
    )
    locale: Locale = "en"
    quiet_hours: QuietHoursList = []
    channels: Channels = Channels()
    daily_digest: ClockTime | None = Field(
        None, description="time of the digest of e-mails that are not urgent; null turns it off"
    )
    unsubscribed: bool = Field(
        False, description="true if the user gets no e-mails; changes only if a request names it"
    )

    def replacing(self, current: Preferences) -> Preferences:
        kept = Preferences(unsubscribed=current.unsubscribed)
        omitted = {"unsubscribed", "time_zone"} - self.model_fields_set | {"time_zone_source"}
        names = type(self).model_fields.keys() - omitted
        return with_changes(kept, {name: getattr(self, name) for name in names})

    @classmethod
    def of(cls, given: Preferences) -> Self:
        return cls(
            time_zone=given.time_zone,
            time_zone_source=given.time_zone_source,
            locale=given.locale,
            quiet_hours=[QuietHours.of(window) for window in given.quiet_hours],
            channels=Channels(push="push" in given.channels, email="email" in given.channels),
            daily_digest=f"{given.digest_at:%H:%M}" if given.digest_at else None,
            unsubscribed=given.unsubscribed,
        )


class ChannelsChange(PreferenceBody):
    """Contains the channels to turn on or off."""

    model_config = ConfigDict(json_schema_extra=remove_defaults)

    push: bool = UNNAMED
    email: bool = UNNAMED


class PreferencesChange(PreferenceBody):
    """Contains the preferences to change."""

    model_config = ConfigDict(json_schema_extra=remove_defaults)

    time_zone: TimeZone = UNNAMED
    locale: Locale = UNNAMED
    quiet_hours: QuietHoursList = UNNAMED
    channels: ChannelsChange = UNNAMED
    daily_digest: ClockTime | None = None
    unsubscribed: bool = UNNAMED

    def applied_to(self, current: Preferences) -> Preferences:
        return with_changes(current, {name: getattr(self, name) for name in self.model_fields_set})


def with_changes(current: Preferences, named: dict[str, Any]) -> Preferences:
    """Return the preferences with the fields of a request."""
    values = dict(named)
    if "time_zone" in values:
        values["time_zone_source"] = "chosen"
    if "quiet_hours" in values:
        values["quiet_hours"] = tuple(one.window() for one in values["quiet_hours"])
    if "channels" in values:
        values["channels"] = switched(current.channels, values["channels"])
    if "daily_digest" in values:
        given = values.pop("daily_digest")
        values["digest_at"] = time.fromisoformat(given) if given else None
    return replace(current, **values)


def switched(current: frozenset[Channel], given: Channels | ChannelsChange) -> frozenset[Channel]:
    named = {name: getattr(given, name) for name in CHANNELS if name in given.model_fields_set}
    wanted = {name: name in current for name in CHANNELS} | named
    return frozenset(name for name in CHANNELS if wanted[name])
