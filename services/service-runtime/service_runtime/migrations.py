"""Creates the role and database of a service, and migrates its tables."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from alembic import command, context
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg import sql
from sqlalchemy import Connection, MetaData, create_engine, pool
from sqlalchemy.exc import OperationalError

from service_runtime.logins import close_older_logins, ensure_login
from service_runtime.settings import MigrationSettings

MAINTENANCE_DATABASE = "postgres"
LOCK = 7_305_804_402_566_571_877  # an arbitrary number, the same in all migrations of the platform
CONNECTING = 20  # seconds to connect; a busy server can need more than ten
PATIENCE = 60  # seconds to wait for the server, for another migration, or for a lock
LONGEST_WAIT = 2  # seconds that a statement waits for a lock, while other statements queue
PAUSE = 1.0  # seconds in which the queued statements run

logger = logging.getLogger(__name__)


class MigrationFailed(Exception):
    """Reports that the migration of a database failed."""


def migrate(settings: MigrationSettings, script_location: str) -> None:
    """Create role, database and grants, upgrade to the newest revision, and close old roles.

    A database that a later version migrated keeps its tables, which this version works with.
    `script_location` is Alembic's: a path, or `package:migrations`. Safe to repeat and to
    run several times at once: all migrations of a server take their turns.
    """
    with _wait_for_server(settings) as server, _take_turn(server):
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
    """Run the migrations of a package; its `migrations/env.py` calls this function."""
    connection = context.config.attributes["connection"]
    context.configure(
        connection=connection, target_metadata=metadata, transaction_per_migration=True
    )
    with context.begin_transaction():
        context.run_migrations()


def _upgrade(settings: MigrationSettings, script_location: str) -> None:
    """Upgrade, and retry while a long transaction holds a table."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return _upgrade_once(settings, script_location)
        except OperationalError as error:
            if not isinstance(error.orig, psycopg.errors.LockNotAvailable):
                raise
        if time.monotonic() > end:
            raise MigrationFailed(
                f"A table of {settings.database_name} stayed locked for {PATIENCE} s. "
                "Find the transaction in pg_stat_activity, end it, and migrate again."
            )
        logger.info("a table is locked; trying again", extra={"database": settings.database_name})
        time.sleep(PAUSE)


def _upgrade_once(settings: MigrationSettings, script_location: str) -> None:
    config = Config()
    config.set_main_option("script_location", script_location.replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    login = _login(settings, settings.database_name, longest_wait=LONGEST_WAIT)
    engine = create_engine(
        "postgresql+psycopg://",
        creator=lambda: psycopg.connect(**login),
        poolclass=pool.NullPool,
    )
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        if _is_newer(connection, config):
            logger.warning(
                "a later version's tables stay", extra={"database": settings.database_name}
            )
        else:
            command.upgrade(config, "head")


def _is_newer(connection: Connection, config: Config) -> bool:
    """Return True if the database has a revision of a later version, as after a rollback."""
    current = MigrationContext.configure(connection).get_current_revision()
    connection.rollback()  # Alembic would leave the commit of an open transaction to us
    known = {one.revision for one in ScriptDirectory.from_config(config).walk_revisions()}
    return current is not None and current not in known


def _login(
    settings: MigrationSettings, database: str, longest_wait: float | None = None
) -> dict[str, Any]:
    return {
        "host": settings.database_host,
        "port": settings.database_port,
        "user": settings.database_admin_user,
        "password": settings.database_admin_password.get_secret_value(),
        "dbname": database,
        **settings.tls_options(),
        "connect_timeout": CONNECTING,
        "options": f"-c lock_timeout={round(1000 * (longest_wait or PATIENCE))}",
    }


def _connect(settings: MigrationSettings, database: str) -> psycopg.Connection[tuple[Any, ...]]:
    return psycopg.connect(**_login(settings, database), autocommit=True)


def _wait_for_server(settings: MigrationSettings) -> psycopg.Connection[tuple[Any, ...]]:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return _connect(settings, MAINTENANCE_DATABASE)
        except psycopg.OperationalError as error:
            if _is_final(error) or time.monotonic() > end:
                raise MigrationFailed(
                    f"PostgreSQL at {settings.database_host}:{settings.database_port} rejected "
                    f"the login of {settings.database_admin_user}: {_first_line(error)}. "
                    "Check DATABASE_HOST, DATABASE_PORT, DATABASE_SSLMODE, "
                    "DATABASE_SSLROOTCERT, DATABASE_ADMIN_USER and DATABASE_ADMIN_PASSWORD."
                ) from None
        logger.info("waiting for PostgreSQL", extra={"host": settings.database_host})
        time.sleep(1)


def _is_final(error: psycopg.OperationalError) -> bool:
    """Return True if a retry cannot help, for example after a wrong password."""
    text = str(error)
    return any(
        sign in text
        for sign in (
            "password authentication failed",
            "no pg_hba.conf entry",
            "does not support SSL",
            "certificate verify failed",
            "signature failure",  # another authority with the same name
            "does not match host name",
            "could not read root certificate file",
        )
    )


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__


@contextmanager
def _take_turn(server: psycopg.Connection[Any]) -> Iterator[None]:
    try:
        server.execute("select pg_advisory_lock(%s)", [LOCK])
    except psycopg.errors.LockNotAvailable:
        raise MigrationFailed(
            f"Another migration did not end within {PATIENCE} s. Find it in pg_stat_activity, "
            "end it, and migrate again."
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
    """Grant the service access to rows; only migrations may change tables."""
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
