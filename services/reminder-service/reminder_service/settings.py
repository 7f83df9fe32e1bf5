"""What this service is told by its environment."""

from typing import Annotated

from pydantic import Field
from service_runtime.identity_settings import IdentitySettings
from service_runtime.settings import DatabaseSettings

from reminder_service.store import REMINDERS_PER_USER


class Settings(DatabaseSettings, IdentitySettings):
    event_topic_arn: str
    event_store_table: str
    reminders_per_user: Annotated[int, Field(ge=1)] = REMINDERS_PER_USER
    rate_limit_per_second: Annotated[float, Field(gt=0)] = 50  # requests a user, in each replica
    rate_limit_burst: Annotated[int, Field(ge=1)] = 500
