"""Creates a scheduler with its connections, for the process and the Lambda function."""

from collections.abc import Iterator
from contextlib import contextmanager

from event_messages.topic import TopicClient

from notification_scheduler.alarm import PostgresAlarm
from notification_scheduler.database import conninfo, open_claims_pool, open_pool
from notification_scheduler.due_notifications import PostgresDueNotifications
from notification_scheduler.scheduler import Pace, Scheduler
from notification_scheduler.sender import Sender
from notification_scheduler.settings import Settings


@contextmanager
def assemble(settings: Settings, topic: TopicClient, grace: float = 20) -> Iterator[Scheduler]:
    pool, claims = open_pool(settings), open_claims_pool(settings)
    alarm = PostgresAlarm(conninfo(settings))
    sender = Sender(topic, settings.notification_topic_arn, settings.sender_threads)
    try:
        per_day = settings.notifications_per_day
        due = PostgresDueNotifications(pool, settings.lease_seconds, claims, per_day)
        pace = Pace(
            batch=settings.batch_size,
            grace=grace,
            collapse_missed=settings.collapse_missed,
            notifications_per_day=per_day,
        )
        yield Scheduler(due, sender, alarm, pace)
    finally:
        sender.close()
        alarm.close()
        claims.close()
        pool.close()
