"""Defines the settings of event-service."""

from service_runtime.settings import DatabaseSettings


class Settings(DatabaseSettings):
    event_queue_url: str
    event_dead_letters_url: str
    event_store_table: str
    event_topic_arn: str
    retention_days: int = 90  # after the end or deletion of a notification
