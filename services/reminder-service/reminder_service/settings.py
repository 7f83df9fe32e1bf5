"""Defines the settings of reminder-service."""

from typing import Annotated

from pydantic import Field
from service_runtime.identity_settings import IdentitySettings
from service_runtime.rate_limit import RateLimitSettings
from service_runtime.settings import DatabaseSettings

from reminder_service.store import REMINDERS_PER_USER


class Settings(DatabaseSettings, IdentitySettings, RateLimitSettings):
    event_topic_arn: str
    event_store_table: str
    reminders_per_user: Annotated[int, Field(ge=1)] = REMINDERS_PER_USER
    canary: bool = False  # True to write the reminders of the canary
