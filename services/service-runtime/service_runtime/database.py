"""Creates the database engine of a service."""

from typing import Any

from event_messages.failures import describe
from sqlalchemy import URL, Connection, Engine, create_engine, func, select, text
from sqlalchemy.exc import DBAPIError, TimeoutError

import service_runtime.database_failures  # noqa: F401 (describes the causes of a DBAPIError)
from service_runtime.settings import DatabaseSettings


@describe.register
def _(error: DBAPIError) -> str:
    """Leave out the statement and its parameters."""
    reason = describe(error.orig) if error.orig else "no reason given"
    return f"{type(error).__name__}: {reason}"


@describe.register
def _(error: TimeoutError) -> str:  # of the pool
    return f"{type(error).__name__}: {error}"


def database_url(settings: DatabaseSettings) -> URL:
    return URL.create(
        "postgresql+psycopg",
        username=settings.database_user,
        password=settings.database_password.get_secret_value(),
        host=settings.database_host,
        port=settings.database_port,
        database=settings.database_name,
        query=settings.tls_options(),
    )


def create_database_engine(settings: DatabaseSettings, **options: Any) -> Engine:
    """Return an engine that detects dead connections and limits the time of statements."""
    return create_engine(
        database_url(settings),
        pool_size=settings.database_pool_size,
        max_overflow=0,
        pool_timeout=5,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={
            "connect_timeout": 5,
            "options": "-c statement_timeout=10s -c lock_timeout=5s"
            " -c idle_in_transaction_session_timeout=60s -c timezone=UTC",
            "keepalives_idle": 30,
            "keepalives_interval": 10,
            "keepalives_count": 3,
            "tcp_user_timeout": 20_000,  # milliseconds
        },
        **options,
    )


def ping(engine: Engine) -> None:
    """Raise an error if the database does not answer."""
    with engine.connect() as connection:
        connection.execute(text("select 1"))


def take_turn(connection: Connection, key: str) -> None:
    """Wait for other transactions with this key, such as a user id; hold it until the commit."""
    connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))
