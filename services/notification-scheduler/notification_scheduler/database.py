"""Opens psycopg connections; the few statements of the scheduler need no SQLAlchemy."""

from typing import Any

import psycopg
import service_runtime.database_failures  # noqa: F401 (describes errors of psycopg in logs)
from psycopg.conninfo import make_conninfo
from psycopg_pool import ConnectionPool
from service_runtime.settings import DatabaseSettings

from notification_scheduler.due_notifications import Pool

OPTIONS = " ".join(
    f"-c {setting}"
    for setting in (
        "statement_timeout=10s",
        "lock_timeout=5s",
        "timezone=UTC",
        # Every statement reads a few hundred rows of an index. For a small table, the planner
        # prefers a sequential scan, and keeps that plan while a backlog grows: 4 times slower.
        "enable_seqscan=off",
        "enable_hashjoin=off",
        "enable_mergejoin=off",
    )
)


def conninfo(settings: DatabaseSettings) -> str:
    return make_conninfo(
        host=settings.database_host,
        port=settings.database_port,
        dbname=settings.database_name,
        user=settings.database_user,
        password=settings.database_password.get_secret_value(),
        **settings.tls_options(),
        connect_timeout=5,
        keepalives_idle=30,
        keepalives_interval=10,
        keepalives_count=3,
        tcp_user_timeout=20_000,  # milliseconds
        options=OPTIONS,
        application_name="notification-scheduler",
    )


def open_pool(settings: DatabaseSettings) -> Pool:
    """Open a pool whose connections are created at their first use."""
    return _pool(conninfo(settings), settings.database_pool_size)


def open_claims_pool(settings: DatabaseSettings) -> Pool:
    """Open a pool of one connection, whose commits do not wait for the disk."""
    options = f"{OPTIONS} -c synchronous_commit=off"
    return _pool(make_conninfo(conninfo(settings), options=options), 1)


def _pool(info: str, size: int) -> Pool:
    return ConnectionPool(
        info,
        kwargs={"autocommit": True},
        min_size=1,
        max_size=size,
        timeout=5,
        # The pool doubles its wait after each failed attempt. A short limit lets the scheduler
        # continue soon after an outage.
        reconnect_timeout=3,
        open=True,
    )


def listen(info: str, channel: str) -> "psycopg.Connection[Any]":
    """Open a connection that listens on a channel; the caller closes it."""
    connection = psycopg.connect(info, autocommit=True)
    try:
        connection.execute(f"listen {channel}")
    except psycopg.Error:  # the server stopped in between
        connection.close()
        raise
    return connection
