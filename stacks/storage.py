"""Where events and rows are kept, and what e-mails go through."""

from infra.email_sender import EmailSender, EmailSenderArgs
from infra.email_template import EmailTemplate, EmailTemplateArgs
from infra.encryption_key import EncryptionKey
from infra.event_table import EventTable, EventTableArgs
from infra.postgres_server import (
    ExistingServer,
    PostgresServer,
    PostgresServerArgs,
)
from infra.topic import Topic
from stacks.config import ExistingDatabase, RdsDatabase, StackConfig
from stacks.foundation import Surroundings

# The service writes the texts. SES fills in what it gets and escapes nothing.
FRAME = EmailTemplateArgs(subject="{{subject}}", text="{{text}}", html="{{html}}")


def event_store(config: StackConfig, key: EncryptionKey) -> EventTable:
    return EventTable(
        f"{config.prefix}event-store",
        EventTableArgs(
            deletion_protection=config.protects("event-store"),
            kms_key_arn=key.arn,
            indexed=["reminderId"],
        ),
    )


def database_server(
    config: StackConfig, around: Surroundings, key: EncryptionKey, alarms: Topic
) -> ExistingServer | PostgresServer:
    """The server that exists, or else one on RDS."""
    if config.database.existing is not None:
        return existing_server(config.database.existing)
    assert config.database.rds is not None  # the configuration demands one of the two
    return rds_server(config, config.database.rds, around, key, alarms)


def existing_server(server: ExistingDatabase) -> ExistingServer:
    return ExistingServer(
        host=server.host,
        port=server.port,
        admin_user=server.admin_user,
        admin_password=server.admin_password.get_secret_value(),
    )


def rds_server(
    config: StackConfig,
    server: RdsDatabase,
    around: Surroundings,
    key: EncryptionKey,
    alarms: Topic,
) -> PostgresServer:
    return PostgresServer(
        f"{config.prefix}postgres",
        PostgresServerArgs(
            **server.model_dump(exclude={"subnet_ids", "security_group_ids"}),
            subnet_ids=around.database_subnet_ids,
            security_group_ids=around.database_security_group_ids,
            deletion_protection=config.protects("postgres"),
            kms_key_arn=key.arn,
            alarm_topic_arn=alarms.arn,
        ),
    )


def email_sender(config: StackConfig, notices: Topic) -> EmailSender:
    return EmailSender(
        f"{config.prefix}reminders",
        EmailSenderArgs(
            address=config.email.sender,
            domain=config.email.domain,
            event_topic_arn=notices.arn,
        ),
    )


def reminder_template(config: StackConfig) -> EmailTemplate:
    return EmailTemplate(f"{config.prefix}email", FRAME)
