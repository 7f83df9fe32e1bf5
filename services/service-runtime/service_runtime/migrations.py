"""Prepares a service's role and database and brings its tables up to date."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from alembic import command, context
from alembic.config import Config
from psycopg import sql
from sqlalchemy import MetaData, create_engine, pool

from service_runtime.logins import close_older_logins, ensure_login
from service_runtime.settings import MigrationSettings

MAINTENANCE_DATABASE = "postgres"
LOCK = 7_305_804_402_566_571_877  # any number, the same in every migration of the platform
PATIENCE = 60  # seconds for the server to answer, and for another migration to end

logger = logging.getLogger(__name__)


class MigrationFailed(Exception):
    """The database could not be brought up to date."""


def migrate(settings: MigrationSettings, script_location: str) -> None:
    """Make role, database and grants, then upgrade to the newest revision; close old roles.

    `script_location` is Alembic's: a path, or `package:migrations`. Safe to repeat and to
    run several times at once: all migrations of a server take their turns.
    """
    with _connect_when_ready(settings) as server, _turn(server):
        ensure_login(server, settings)
        _ensure_database(server, settings)
        with _connect(settings, settings.database_name) as database:
            _grant(database, settings)
        _upgrade(settings, script_location)
        with _connect(settings, settings.database_name) as database:
            _protect_revision(database, settings)
        close_older_logins(server, settings)
    logger.info("database is up to date", extra={"database": settings.database_name})


def run_migrations(metadata: MetaData | None = None) -> None:
    """The whole of a migration environment: what a package's `migrations/env.py` calls."""
    connection = context.config.attributes["connection"]
    context.configure(
        connection=connection, target_metadata=metadata, transaction_per_migration=True
    )
    with context.begin_transaction():
        context.run_migrations()


def _upgrade(settings: MigrationSettings, script_location: str) -> None:
    config = Config()
    config.set_main_option("script_location", script_location.replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    engine = create_engine(
        "postgresql+psycopg://",
        creator=lambda: psycopg.connect(**_login(settings, settings.database_name)),
        poolclass=pool.NullPool,
    )
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _login(settings: MigrationSettings, database: str) -> dict[str, Any]:
    return {
        "host": settings.database_host,
        "port": settings.database_port,
        "user": settings.database_admin_user,
        "password": settings.database_admin_password.get_secret_value(),
        "dbname": database,
        **settings.tls(),
        "connect_timeout": 5,
        "options": f"-c lock_timeout={PATIENCE}s",
    }


@contextmanager
def _connect(
    settings: MigrationSettings, database: str
) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    connection = psycopg.connect(**_login(settings, database), autocommit=True)
    try:
        yield connection
    finally:
        connection.close()


@contextmanager
def _connect_when_ready(
    settings: MigrationSettings,
) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    _wait_for_server(settings)
    with _connect(settings, MAINTENANCE_DATABASE) as connection:
        yield connection


def _wait_for_server(settings: MigrationSettings) -> None:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            with _connect(settings, MAINTENANCE_DATABASE):
                return
        except psycopg.OperationalError as error:
            if _is_final(error) or time.monotonic() > end:
                raise MigrationFailed(
                    f"PostgreSQL at {settings.database_host}:{settings.database_port} did not let "
                    f"{settings.database_admin_user} in: {_first_line(error)}. "
                    "Check DATABASE_HOST, DATABASE_PORT, DATABASE_SSLMODE, "
                    "DATABASE_SSLROOTCERT, DATABASE_ADMIN_USER and DATABASE_ADMIN_PASSWORD."
                ) from None
        logger.info("waiting for PostgreSQL", extra={"host": settings.database_host})
        time.sleep(1)


def _is_final(error: psycopg.OperationalError) -> bool:
    """Waiting does not help against a wrong password, a server without TLS or an unknown one."""
    text = str(error)
    return any(
        sign in text
        for sign in (
            "password authentication failed",
            "no pg_hba.conf entry",
            "does not support SSL",
            "certificate verify failed",
            "signature failure",  # of another authority with the same name
            "does not match host name",
            "could not read root certificate file",
        )
    )


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__


@contextmanager
def _turn(server: psycopg.Connection[Any]) -> Iterator[None]:
    try:
        server.execute("select pg_advisory_lock(%s)", [LOCK])
    except psycopg.errors.LockNotAvailable:
        raise MigrationFailed(
            f"another migration did not end within {PATIENCE} s; look for one that hangs"
        ) from None
    try:
        yield
    finally:
        server.execute("select pg_advisory_unlock(%s)", [LOCK])


def _ensure_database(server: psycopg.Connection[Any], settings: MigrationSettings) -> None:
    name = sql.Identifier(settings.database_name)
    exists = server.execute(
        "select 1 from pg_database where datname = %s", [settings.database_name]
    ).fetchone()
    if not exists:
        server.execute(sql.SQL("create database {}").format(name))
    server.execute(sql.SQL("revoke all on database {} from public").format(name))
    server.execute(
        sql.SQL("grant connect on database {} to {}").format(
            name, sql.Identifier(settings.database_user)
        )
    )


def _grant(database: psycopg.Connection[Any], settings: MigrationSettings) -> None:
    """Rows for the service, tables for the migrations."""
    for statement in (
        "revoke all on schema public from public",
        "grant usage on schema public to {role}",
        "grant select, insert, update, delete on all tables in schema public to {role}",
        "grant usage, select on all sequences in schema public to {role}",
        "alter default privileges in schema public"
        " grant select, insert, update, delete on tables to {role}",
        "alter default privileges in schema public grant usage, select on sequences to {role}",
    ):
        database.execute(sql.SQL(statement).format(role=sql.Identifier(settings.database_user)))


def _protect_revision(database: psycopg.Connection[Any], settings: MigrationSettings) -> None:
    database.execute(
        sql.SQL("revoke insert, update, delete on alembic_version from {}").format(
            sql.Identifier(settings.database_user)
        )
    )
