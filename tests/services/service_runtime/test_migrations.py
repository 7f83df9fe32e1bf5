import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pydantic import SecretStr
from service_runtime import migrations
from service_runtime.database import create_database_engine, ping
from service_runtime.migrations import MigrationFailed, migrate
from service_runtime.settings import DatabaseSettings, MigrationSettings
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout

pytestmark = pytest.mark.integration

SECOND = """
from alembic import op
revision, down_revision = "0002", "0001"
def upgrade():
    op.execute("create table more (id int primary key)")
"""
ALTERING = SECOND.replace(
    "create table more (id int primary key)", "alter table notes add extra text"
)
BROKEN = SECOND.replace("create table more (id int primary key)", "no such statement")


@pytest.fixture
def bare(postgres_server: Any, migration: MigrationSettings) -> MigrationSettings:
    """Settings of a database and a role that do not exist yet."""
    postgres_server.execute("drop database {}", migration.database_name)
    postgres_server.execute("drop role {}", migration.database_user)
    return migration


def test_empty_server_gets_tables_and_grants(
    bare: MigrationSettings, settings: DatabaseSettings, script_location: Path
) -> None:
    migrate(bare, str(script_location))
    engine = create_database_engine(settings)
    ping(engine)
    with engine.begin() as connection:
        connection.execute(text("insert into notes (text) values ('a')"))
        connection.execute(text("update notes set text = 'b'"))
        assert connection.scalar(text("select text from notes")) == "b"
        connection.execute(text("delete from notes"))
        assert connection.scalar(text("select version_num from alembic_version")) == "0001"
    engine.dispose()


@pytest.mark.parametrize(
    "statement",
    [
        "create table mine (id int)",
        "drop table notes",
        "alter table notes add column more int",
        "truncate notes",
        "update alembic_version set version_num = '0'",
        "create schema mine",
        "create temporary table mine (id int)",
    ],
)
def test_the_service_may_not_change_tables(engine: Engine, statement: str) -> None:
    with pytest.raises(ProgrammingError, match="permission denied|must be owner"):
        with engine.begin() as connection:
            connection.execute(text(statement))


def test_other_roles_may_not_connect(engine: Engine, postgres_server: Any, database: Any) -> None:
    postgres_server.execute("create role {} login password 'x'", "stranger")
    try:
        stranger = database.url.set(username="stranger", password="x")
        with pytest.raises(OperationalError, match="permission denied for database"):
            ping(create_engine(stranger))
    finally:
        postgres_server.execute("drop role {}", "stranger")


def test_repeated_migration_changes_nothing(
    engine: Engine, migration: MigrationSettings, script_location: Path
) -> None:
    with engine.begin() as connection:
        connection.execute(text("insert into notes (text) values ('kept')"))
    (script_location / "versions" / "0002_more.py").write_text(SECOND)
    migrate(migration, str(script_location))
    migrate(migration, str(script_location))
    with engine.begin() as connection:
        assert connection.scalars(text("select text from notes")).all() == ["kept"]
        connection.execute(text("insert into more values (1)"))


def test_rollback_keeps_newer_tables(
    engine: Engine, migration: MigrationSettings, script_location: Path
) -> None:
    newer = script_location / "versions" / "0002_more.py"
    newer.write_text(SECOND)
    migrate(migration, str(script_location))
    newer.unlink()
    migrate(migration, str(script_location))
    with engine.begin() as connection:
        connection.execute(text("insert into more values (1)"))
        assert connection.scalar(text("select version_num from alembic_version")) == "0002"


def test_a_new_password_is_taken_over(
    engine: Engine, migration: MigrationSettings, settings: DatabaseSettings, script_location: Path
) -> None:
    """Also while pods of the release before still work on their open connections."""
    changed = {"database_password": SecretStr("it's new")}
    with engine.connect() as open_before:
        migrate(migration.model_copy(update=changed), str(script_location))
        assert open_before.scalar(text("select current_user")) == settings.database_user
        with pytest.raises(OperationalError, match="password authentication failed"):
            ping(create_database_engine(settings))
    renewed = create_database_engine(settings.model_copy(update=changed))
    ping(renewed)
    renewed.dispose()


def logins(engine: Engine, prefix: str) -> dict[str, bool]:
    """Which of a database's roles may log in."""
    asked = text("select rolname, rolcanlogin from pg_roles where starts_with(rolname, :prefix)")
    with engine.connect() as connection:
        return {name: may for name, may in connection.execute(asked, {"prefix": prefix})}


def test_alternating_roles_admit_previous_pods(
    engine: Engine,
    migration: MigrationSettings,
    settings: DatabaseSettings,
    script_location: Path,
    postgres_server: Any,
) -> None:
    """Each role works; the one before the last is closed, and a repetition closes no more."""
    first = settings.database_user
    second, third = f"{first}_a", f"{first}_b"
    try:
        for user in (second, second):
            changed = {"database_user": user, "database_password": SecretStr(user)}
            migrate(migration.model_copy(update=changed), str(script_location))
        assert logins(engine, first) == {first: True, second: True}
        engine.dispose()
        ping(engine)
        changed = {"database_user": third, "database_password": SecretStr(third)}
        migrate(migration.model_copy(update=changed), str(script_location))
        assert logins(engine, first) == {first: True, second: True, third: True}, "one is in use"
        engine.dispose()
        migrate(migration.model_copy(update=changed), str(script_location))
        for user in (second, third):
            own = {"database_user": user, "database_password": SecretStr(user)}
            renewed = create_database_engine(settings.model_copy(update=own))
            with renewed.begin() as connection:
                connection.execute(text("insert into notes (text) values ('x')"))
            if user != third:
                renewed.dispose()
        assert logins(renewed, first) == {first: False, second: True, third: True}
        renewed.dispose()
        with pytest.raises(OperationalError, match="not permitted to log in"):
            ping(create_database_engine(settings))
    finally:
        engine.dispose()
        postgres_server.execute("drop database {} with (force)", settings.database_name)
        for user in (second, third):
            postgres_server.execute("drop role if exists {}", user)


@pytest.fixture
def hosted(postgres_server: Any, bare: MigrationSettings) -> Iterator[MigrationSettings]:
    """As on RDS: the administrator makes databases and roles, and is no superuser."""
    name = "hosted_administrator"
    postgres_server.execute("create role {} login createdb createrole password 'x'", name)
    yield bare.model_copy(
        update={"database_admin_user": name, "database_admin_password": SecretStr("x")}
    )
    postgres_server.execute("drop database {} with (force)", bare.database_name)
    postgres_server.execute("drop role {}", bare.database_user)
    postgres_server.execute("drop role {}", name)


def test_administrator_need_not_be_superuser(
    hosted: MigrationSettings, settings: DatabaseSettings, script_location: Path
) -> None:
    migrate(hosted, str(script_location))
    (script_location / "versions" / "0002_more.py").write_text(SECOND)
    renewed = SecretStr("another")
    migrate(hosted.model_copy(update={"database_password": renewed}), str(script_location))
    engine = create_database_engine(settings.model_copy(update={"database_password": renewed}))
    with engine.begin() as connection:
        connection.execute(text("insert into more values (1)"))
        assert connection.scalar(text("select version_num from alembic_version")) == "0002"
    engine.dispose()


def test_concurrent_migrations_take_turns(
    bare: MigrationSettings, settings: DatabaseSettings, script_location: Path
) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: migrate(bare, str(script_location)), range(4)))
    engine = create_database_engine(settings)
    ping(engine)
    engine.dispose()


def test_failed_revision_keeps_the_previous_one(
    engine: Engine, migration: MigrationSettings, script_location: Path
) -> None:
    (script_location / "versions" / "0002_more.py").write_text(BROKEN)
    with pytest.raises(ProgrammingError, match="syntax error"):
        migrate(migration, str(script_location))
    with engine.connect() as connection:
        assert connection.scalar(text("select version_num from alembic_version")) == "0001"
    (script_location / "versions" / "0002_more.py").write_text(SECOND)
    migrate(migration, str(script_location))


def test_wrong_password_fails_at_once(
    migration: MigrationSettings, script_location: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = migration.model_copy(update={"database_admin_password": SecretStr("no")})
    monkeypatch.setattr(migrations, "PATIENCE", 1000)  # more than a test may take
    with pytest.raises(MigrationFailed) as failed:
        migrate(wrong, str(script_location))
    assert "password authentication failed" in str(failed.value)
    assert "DATABASE_ADMIN_PASSWORD" in str(failed.value)
    assert "\n" not in str(failed.value)


def test_server_without_tls_fails_at_once(
    migration: MigrationSettings, script_location: Path
) -> None:
    demanding = migration.model_copy(update={"database_sslmode": "require"})
    with pytest.raises(MigrationFailed, match="does not support SSL.*DATABASE_SSLMODE"):
        migrate(demanding, str(script_location))


def test_unavailable_server_is_awaited(
    migration: MigrationSettings, script_location: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "PATIENCE", 1.5)
    away = migration.model_copy(update={"database_port": 1})
    started = time.monotonic()
    with pytest.raises(MigrationFailed, match="127.0.0.1:1 rejected the login of admin: .*refused"):
        migrate(away, str(script_location))
    assert time.monotonic() - started > 1.5


def test_migration_keeps_its_first_connection(
    migration: MigrationSettings, script_location: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, connect = [], psycopg.connect

    def record(**login: Any) -> Any:
        opened.append(login["dbname"])
        return connect(**login)

    monkeypatch.setattr(psycopg, "connect", record)
    migrate(migration, str(script_location))
    assert opened == ["postgres", *[migration.database_name] * 3]


def test_hanging_migration_stops_the_next(
    migration: MigrationSettings,
    database: Any,
    script_location: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(migrations, "PATIENCE", 1)
    maintenance = database.admin_url.set(drivername="postgresql", database="postgres")
    with psycopg.connect(maintenance.render_as_string(hide_password=False)) as hanging:
        hanging.execute("select pg_advisory_lock(%s)", [migrations.LOCK])
        with pytest.raises(MigrationFailed, match="Another migration did not end within 1 s"):
            migrate(migration, str(script_location))


def test_statements_never_contain_the_password(
    migration: MigrationSettings, script_location: Path, database: Any, postgres_server: Any
) -> None:
    migrate(migration, str(script_location))
    maintenance = database.admin_url.set(drivername="postgresql", database="postgres")
    with psycopg.connect(maintenance.render_as_string(hide_password=False)) as connection:
        (stored,) = connection.execute(
            "select rolpassword from pg_authid where rolname = %s", [database.user]
        ).fetchone() or ("",)
    assert stored.startswith("SCRAM-SHA-256$")


def test_engine_survives_closed_connections(engine: Engine, postgres_server: Any) -> None:
    ping(engine)
    postgres_server.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity where usename like 'service_%'"
    )
    ping(engine)


def test_statements_and_connections_time_out(settings: DatabaseSettings) -> None:
    small = settings.model_copy(update={"database_pool_size": 1})
    engine = create_database_engine(small)
    engine.pool._timeout = 0.1  # type: ignore[attr-defined]
    with engine.connect() as connection:
        assert connection.scalar(text("show statement_timeout")) == "10s"
        with pytest.raises(PoolTimeout):
            engine.connect()
    engine.dispose()


@pytest.fixture
def table_in_use(
    migration: MigrationSettings, script_location: Path, database: Any
) -> Iterator["psycopg.Connection[Any]"]:
    """A long transaction that reads a table which the next migration changes."""
    migrate(migration, str(script_location))
    (script_location / "versions" / "0002_more.py").write_text(ALTERING)
    url = database.admin_url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url) as reader:
        reader.execute("select count(*) from notes")
        yield reader


def test_migration_gives_way_to_statements(
    migration: MigrationSettings,
    script_location: Path,
    engine: Engine,
    table_in_use: "psycopg.Connection[Any]",
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(migrations, "LONGEST_WAIT", 0.3)
    with ThreadPoolExecutor(1) as pool:
        migrating = pool.submit(migrate, migration, str(script_location))
        for _ in range(10):  # longer than the migration waits for its lock
            with engine.begin() as connection:
                connection.execute(text("insert into notes (text) values ('while it waits')"))
            time.sleep(0.1)
        assert not migrating.done()
        table_in_use.commit()
        migrating.result(30)
    with engine.begin() as connection:
        connection.execute(text("insert into notes (text, extra) values ('after', 'it')"))


def test_table_locked_for_long_is_named(
    migration: MigrationSettings,
    script_location: Path,
    table_in_use: "psycopg.Connection[Any]",
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(migrations, "LONGEST_WAIT", 0.1)
    monkeypatch.setattr(migrations, "PAUSE", 0.1)
    monkeypatch.setattr(migrations, "PATIENCE", 0.5)
    with pytest.raises(MigrationFailed, match=r"stayed locked for 0\.5 s\. Find the transaction"):
        migrate(migration, str(script_location))
