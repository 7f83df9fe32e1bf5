"""Provides the database server: an existing one, or one on RDS."""

from herald_infra.encryption_key import EncryptionKey
from herald_infra.postgres_connection import ExistingServer
from herald_infra.postgres_server import PostgresServer, PostgresServerArgs
from herald_infra.restored_data import PointInTime, Snapshot
from herald_infra.topic import Topic
from pulumi import Input

from stacks.config.database import ExistingDatabase, RdsDatabase
from stacks.config.restore import ServerRestore, restorable_time
from stacks.config.stack import StackConfig
from stacks.platform.existing_resources import ExistingResources


def database_server(
    config: StackConfig, existing: ExistingResources, key: EncryptionKey, alarms: Topic
) -> ExistingServer | PostgresServer:
    """Return the existing server, or create one on RDS."""
    if config.database.existing is not None:
        return existing_server(config.database.existing)
    assert config.database.rds is not None  # the configuration requires one of the two
    return rds_server(config, config.database.rds, existing, key, alarms)


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
    existing: ExistingResources,
    key: EncryptionKey,
    alarms: Topic,
) -> PostgresServer:
    """Return the server in use; after a restore, the replaced server stays until it is removed."""

    def made(name: str, restored: PointInTime | Snapshot | None = None) -> PostgresServer:
        return PostgresServer(
            f"{config.prefix}{name}",
            PostgresServerArgs(
                **server.model_dump(exclude=OF_THE_STACK),
                identifier=identifier_of(config, server, name),
                subnet_ids=existing.database_subnet_ids,
                security_group_ids=existing.database_security_group_ids,
                deletion_protection=config.protects(name),
                kms_key_arn=key.arn,
                alarm_topic_arn=alarms.arn,
                restored=restored,
            ),
        )

    restore = server.restore
    if restore is None:
        return made(FIRST_SERVER)
    source: Input[str] = ""
    if restore.source is not None:
        source = identifier_of(config, server, restore.source)
        if restore.keep_source:
            source = made(restore.source).identifier
    return made(restore.target, restored_data(restore, source))


OF_THE_STACK = {"identifier", "restore", "security_group_ids", "subnet_ids"}
FIRST_SERVER = "postgres"


def identifier_of(config: StackConfig, server: RdsDatabase, name: str) -> str:
    own = server.identifier if name == FIRST_SERVER else None
    return own or f"{config.prefix}{name}"


def restored_data(restore: ServerRestore, source: Input[str]) -> PointInTime | Snapshot:
    if restore.snapshot is not None and restore.snapshot_key is not None:
        return Snapshot(name=restore.snapshot, kms_key_arn=restore.snapshot_key)
    assert restore.at is not None  # the configuration requires one of the two
    return PointInTime(source=source, time=restorable_time(restore.at))
