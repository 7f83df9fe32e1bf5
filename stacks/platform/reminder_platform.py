"""Declares the platform: publishers, consumers and storage."""

from herald_infra.restricted_pod import Environment
from herald_infra.subscribed_queue import Feed
from pulumi import Alias, ResourceOptions

from stacks.config.identity import identity_settings
from stacks.config.stack import StackConfig
from stacks.outputs.exports import Exports
from stacks.platform.alert_rules import alert_rules
from stacks.platform.mail import UNSUBSCRIBE, email_sender, reminder_template, unsubscription
from stacks.platform.platform_parts import Platform
from stacks.platform.scheduler import scheduler
from stacks.platform.workloads import Cluster

ANY_EVENT = {"eventItemType": ["reminder", "notification", "device", "preferences"]}
# For the notification queue, and for the timelines also for the event queue.
ANNOUNCEMENT = {"eventType": ["notification:send"]}
# During an outage of a provider, each attempt uses one receive. With the backoff, 12 receives last
# about 20 minutes, and 5 last half a minute.
DELIVERY_RECEIVES = 12
EVENT_TABLE = ResourceOptions(aliases=[Alias(type_="herald:infra:EventTable")])  # until 0.1.0


def reminder_platform(config: StackConfig) -> Exports:
    platform = Platform(config)
    events = platform.topic("event")
    notifications = platform.topic("notification")
    # SES sets no message attributes, so filters of other topics would drop its notices.
    notices = platform.topic("email-notices", publishers=["ses.amazonaws.com"])
    announced = Feed(topic_arn=notifications.arn, filter_policy=ANNOUNCEMENT)
    event_queue = platform.queue("event", events, only=ANY_EVENT, also={"announced": announced})
    notification_queue = platform.queue(
        "notification",
        notifications,
        only=ANNOUNCEMENT,
        also={"email-notices": Feed(topic_arn=notices.arn)},
        least_receives=DELIVERY_RECEIVES,
    )
    store = platform.table(
        "event-store", "userId", "id", indexed=["reminderId"], expires="expiresAt", opts=EVENT_TABLE
    )
    sender = email_sender(config, notices, platform.alarms)
    template = reminder_template(config)

    cluster = Cluster(platform)
    topics = cluster.secret(
        "sns-topics", {"event_topic": events.arn, "notification_topic": notifications.arn}
    )
    ses = cluster.secret("ses", {"reminder_template": template.name})
    fcm = cluster.secret("fcm", {"config": config.push.credentials.get_secret_value()})
    publishes_events = events.publisher("EVENT", topics.key("event_topic"))
    pending = cluster.database("notification", owner="event-service")
    callers = Environment(values=identity_settings(config.identity))

    cluster.service(
        "reminder-service",
        database=cluster.database("reminder", owner="reminder-service"),
        uses=[publishes_events, store.reader("EVENT_STORE")],
        settings=callers | Environment(values={"CANARY": "true"}),
        paths=["/reminders"],
    )
    cluster.service(
        "event-service",
        database=pending,
        uses=[event_queue.consumer("EVENT"), publishes_events, store.appender("EVENT_STORE")],
    )
    cluster.service(
        "notification-service",
        database=cluster.database("device", owner="notification-service"),
        uses=[
            notification_queue.consumer("NOTIFICATION"),
            publishes_events,
            sender.mailer(template.arn, ses.key("reminder_template")),
        ],
        settings=callers
        | unsubscription(cluster)
        | Environment(
            values={"FCM_URL": config.push.url},
            secrets={
                "FCM_CREDENTIALS": fcm.key("config"),
                **cluster.optional_secret("SMTP_URL", "smtp", config.email.smtp_url),
            },
        ),
        paths=["/device", "/preferences", UNSUBSCRIBE],
    )
    cluster.open_gateway()
    scheduler(
        cluster,
        database=pending,
        uses=[notifications.publisher("NOTIFICATION", topics.key("notification_topic"))],
    )
    alert_rules(platform)
    return cluster.exports(email_template=template.name, email_dns_records=sender.dns_records)
