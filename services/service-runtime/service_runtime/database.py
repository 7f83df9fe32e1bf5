"""The engine of a service's database."""

from typing import Any

from sqlalchemy import URL, Engine, create_engine, text

from service_runtime.settings import DatabaseSettings


def database_url(settings: DatabaseSettings) -> URL:
    return URL.create(
        "postgresql+psycopg",
        username=settings.database_user,
        password=settings.database_password.get_secret_value(),
        host=settings.database_host,
        port=settings.database_port,
        database=settings.database_name,
        query=settings.tls(),
    )


def create_database_engine(settings: DatabaseSettings, **options: Any) -> Engine:
    """An engine that notices dead connections and lets no statement wait for ever."""
    return create_engine(
        database_url(settings),
        pool_size=settings.database_pool_size,
        max_overflow=0,
        pool_timeout=5,
        pool_pre_ping=True,
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
    """Raises when the database does not answer."""
    with engine.connect() as connection:
        connection.execute(text("select 1"))
