"""The whole platform on one page: who publishes, who listens, who stores what."""

from infra.subscribed_queue import Feed
from stacks.config import StackConfig
from stacks.dashboard import dashboard
from stacks.exports import Exports
from stacks.foundation import surroundings
from stacks.identity import identity_settings
from stacks.images import service_images
from stacks.messaging import (
    ANNOUNCEMENT,
    ANY_EVENT,
    DELIVERY_RECEIVES,
    DUE_OR_SES_NOTICE,
    alarm_topic,
    channel,
    encryption_key,
)
from stacks.protection import bound_roles, protect_data
from stacks.scheduler import scheduler
from stacks.storage import database_server, email_sender, event_store, reminder_template
from stacks.unsubscription import unsubscribe_address, unsubscribe_key
from stacks.workloads import Cluster, environment_namespace


def reminder_platform(config: StackConfig) -> Exports:
    protect_data(config)
    around = surroundings(config)
    bound_roles(around.permissions_boundary_arn)
    key = encryption_key(config)
    alarms = alarm_topic(config, key)
    notifications = channel(
        config,
        "notification",
        key,
        alarms,
        delivered=DUE_OR_SES_NOTICE,
        least_receives=DELIVERY_RECEIVES,
        publisher="ses",
    )
    announced = Feed(topic_arn=notifications.topic.arn, filter_policy=ANNOUNCEMENT)
    events = channel(
        config, "event", key, alarms, delivered=ANY_EVENT, also={"announced": announced}
    )

    store = event_store(config, key)
    server = database_server(config, around, key, alarms)
    sender = email_sender(config, notifications.topic)
    template = reminder_template(config)

    cluster = Cluster(config, around, environment_namespace(config), service_images(config))
    topics = cluster.secret(
        "sns-topics",
        {"event_topic": events.topic.arn, "notification_topic": notifications.topic.arn},
    )
    ses = cluster.secret("ses", {"reminder_template": template.name})
    fcm = cluster.secret("fcm", {"config": config.push.credentials.get_secret_value()})

    reminders = cluster.database("reminder", server.connection, owner="reminder-service")
    pending = cluster.database("notification", server.connection, owner="event-service")
    devices = cluster.database("device", server.connection, owner="notification-service")
    callers = identity_settings(config.identity)

    cluster.service(
        "reminder-service",
        database=reminders,
        values={"EVENT_STORE_TABLE": store.name, **callers},
        secrets={"EVENT_TOPIC_ARN": topics.key("event_topic")},
        may=[events.topic.publish_statement(), store.read_statement()],
        exposed=True,
    )
    cluster.service(
        "event-service",
        database=pending,
        values={
            "EVENT_QUEUE_URL": events.queue.url,
            "EVENT_DEAD_LETTERS_URL": events.queue.dead_letters_url,
            "EVENT_STORE_TABLE": store.name,
        },
        secrets={"EVENT_TOPIC_ARN": topics.key("event_topic")},
        may=[
            events.queue.consume_statement(),
            events.queue.give_up_statement(),
            events.topic.publish_statement(),
            store.write_statement(),
        ],
    )
    cluster.service(
        "notification-service",
        database=devices,
        values={
            "NOTIFICATION_QUEUE_URL": notifications.queue.url,
            "NOTIFICATION_DEAD_LETTERS_URL": notifications.queue.dead_letters_url,
            "FCM_URL": config.push.url,
            "SES_CONFIGURATION_SET": sender.configuration_set,
            "EMAIL_SENDER": sender.address,
            **unsubscribe_address(config),
            **callers,
        },
        secrets={
            "EVENT_TOPIC_ARN": topics.key("event_topic"),
            "SES_TEMPLATE": ses.key("reminder_template"),
            "FCM_CREDENTIALS": fcm.key("config"),
            **unsubscribe_key(cluster),
            **cluster.optional_secret("SMTP_URL", "smtp", config.email.smtp_url),
        },
        may=[
            notifications.queue.consume_statement(),
            notifications.queue.give_up_statement(),
            events.topic.publish_statement(),
            sender.send_statement(template.arn),
        ],
        exposed=True,
    )
    clock = scheduler(
        cluster,
        key,
        alarms,
        database=pending,
        secrets={"NOTIFICATION_TOPIC_ARN": topics.key("notification_topic")},
        may=[notifications.topic.publish_statement()],
    )
    cluster.publish_secrets()
    dashboard(config, [events, notifications], [*store.panels(), *server.panels(), *clock])

    return Exports(
        plain={
            "region": config.region,
            "namespace": cluster.namespace.name,
            "event_topic_arn": events.topic.arn,
            "notification_topic_arn": notifications.topic.arn,
            "alarm_topic_arn": alarms.arn,
            "event_queue_url": events.queue.url,
            "notification_queue_url": notifications.queue.url,
            "event_dead_letters_url": events.queue.dead_letters_url,
            "notification_dead_letters_url": notifications.queue.dead_letters_url,
            "event_store_table": store.name,
            "email_template": template.name,
            "email_dns_records": sender.dns_records,
            "reminder_service_url": cluster.url("reminder-service"),
            "notification_service_url": cluster.url("notification-service"),
            "images": cluster.image_references(),
        },
        secret={
            "databases": {each.name: each.connection for each in (reminders, pending, devices)},
            "service_settings": cluster.settings(),
        },
    )
