"""Defines the settings of the scheduler."""

from typing import Annotated

from pydantic import Field
from service_runtime.settings import DatabaseSettings

from notification_scheduler.budgets import NOTIFICATIONS_PER_DAY


class Settings(DatabaseSettings):
    notification_topic_arn: str
    batch_size: Annotated[int, Field(ge=1, le=10_000)] = 1000  # notifications of one claim
    collapse_missed: bool = True  # a series sends one notification after an outage
    notifications_per_day: Annotated[int, Field(ge=1)] = NOTIFICATIONS_PER_DAY  # per user
    lease_seconds: Annotated[float, Field(ge=30)] = 60  # longer than the publication of a batch
    # Three claims of 100 calls each end within a lease, even if each call takes 5 s.
    sender_threads: Annotated[int, Field(ge=1, le=100)] = 32
