"""What this service is told."""

from service_runtime.settings import DatabaseSettings


class Settings(DatabaseSettings):
    event_queue_url: str
    event_dead_letters_url: str
    event_store_table: str
    event_topic_arn: str
    retention_days: int = 90  # of notifications that ended or were deleted
