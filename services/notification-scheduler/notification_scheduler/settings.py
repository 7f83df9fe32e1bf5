"""What the scheduler is told."""

from typing import Annotated

from pydantic import Field
from service_runtime.settings import DatabaseSettings


class Settings(DatabaseSettings):
    notification_topic_arn: str
    batch_size: Annotated[int, Field(ge=1, le=10_000)] = 1000  # notifications of one claim
    lease_seconds: Annotated[float, Field(ge=30)] = 60  # longer than publishing a batch takes
    # Three claims of 100 calls each end within a lease, even when each call takes 5 s.
    sender_threads: Annotated[int, Field(ge=1, le=100)] = 32
