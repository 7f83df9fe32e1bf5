"""Connections of psycopg itself: the scheduler's few statements need no more."""

from typing import Any

import psycopg
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
        # Every statement is for some hundred rows of an index. On a small table the planner would
        # rather read all of it, and go on so while a backlog makes it large: 4 times the time.
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
        **settings.tls(),
        connect_timeout=5,
        keepalives_idle=30,
        keepalives_interval=10,
        keepalives_count=3,
        tcp_user_timeout=20_000,  # milliseconds
        options=OPTIONS,
        application_name="notification-scheduler",
    )


def open_pool(settings: DatabaseSettings) -> Pool:
    """Connections are made as they are needed; an unreachable server is met at the first use."""
    return _pool(conninfo(settings), settings.database_pool_size)


def open_claims_pool(settings: DatabaseSettings) -> Pool:
    """Of one connection, whose commits do not wait for the disk."""
    options = f"{OPTIONS} -c synchronous_commit=off"
    return _pool(make_conninfo(conninfo(settings), options=options), 1)


def _pool(info: str, size: int) -> Pool:
    return ConnectionPool(
        info,
        kwargs={"autocommit": True},
        min_size=1,
        max_size=size,
        timeout=5,
        # The pool waits twice as long after each failed attempt; giving up soon keeps a
        # scheduler from sleeping on when the server is back.
        reconnect_timeout=3,
        open=True,
    )


def listen(info: str, channel: str) -> "psycopg.Connection[Any]":
    connection = psycopg.connect(info, autocommit=True)
    connection.execute(f"listen {channel}")
    return connection
