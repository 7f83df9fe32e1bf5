"""Every client of the database authenticates the server: by its authority, and by its name."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from notification_scheduler.database import conninfo
from service_runtime.database import create_database_engine, ping
from service_runtime.migrations import MigrationFailed, migrate
from service_runtime.settings import MigrationSettings
from sqlalchemy.exc import OperationalError

from local.environment import NOBODY
from local.identities import Authority, named
from tests import postgresql
from tests.postgresql import ADMIN, PASSWORD, PostgresServer

pytestmark = pytest.mark.integration

OTHER_NAME = "127.0.0.2"  # of the same server, and not in its certificate


@pytest.fixture(scope="module")
def authorities(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folders of the one that signs the server's certificate, and of two others."""
    subjects = {"right": "ca", "namesake": "ca", "other": "other"}
    folders = {name: tmp_path_factory.mktemp(name) for name in subjects}
    for name, subject in subjects.items():
        authority = Authority(folders[name], subject)
        authority.issue("server", named("server"), ["127.0.0.1"])
    return folders


@pytest.fixture(scope="module")
def server(authorities: dict[str, Path]) -> Iterator[PostgresServer]:
    try:
        with postgresql.postgres_server(listen_addresses=f"127.0.0.1,{OTHER_NAME}") as server:
            certify(server, authorities["right"])
            yield server
    except postgresql.NotInstalled as missing:
        pytest.skip(str(missing))


def certify(server: PostgresServer, authority: Path) -> None:
    server.execute("alter system set ssl = on")
    server.stop_at_once()
    for file in ("server.crt", "server.key"):
        copy = server.directory / "data" / file
        shutil.copyfile(authority / file, copy)
        copy.chmod(0o600)
        if os.geteuid() == 0:
            os.chown(copy, NOBODY, NOBODY)  # who runs PostgreSQL
    server.start()


def engine(settings: MigrationSettings, _: Path) -> None:
    made = create_database_engine(settings)
    try:
        ping(made)
    finally:
        made.dispose()


def scheduler(settings: MigrationSettings, _: Path) -> None:
    with psycopg.connect(conninfo(settings)) as connection:
        connection.execute("select 1")


def migration(settings: MigrationSettings, script_location: Path) -> None:
    own = {"database_name": "served", "database_user": "served"}
    migrate(settings.model_copy(update=own), str(script_location))


Client = Callable[[MigrationSettings, Path], None]
CLIENTS = pytest.mark.parametrize("client", [engine, scheduler, migration])
REFUSALS = (OperationalError, psycopg.OperationalError, MigrationFailed)


@pytest.fixture
def settings(server: PostgresServer, authorities: dict[str, Path]) -> MigrationSettings:
    """Of a service that has the right authority, with the administrator as its own role."""
    return MigrationSettings.model_validate(
        {
            "database_host": server.host,
            "database_port": server.port,
            "database_name": "postgres",
            "database_user": ADMIN,
            "database_password": PASSWORD,
            "database_admin_user": ADMIN,
            "database_admin_password": PASSWORD,
            "database_sslmode": "verify-full",
            "database_sslrootcert": authorities["right"] / "ca.crt",
        }
    )


@CLIENTS
def test_right_authority_and_name_are_accepted(
    settings: MigrationSettings, script_location: Path, client: Client
) -> None:
    client(settings, script_location)


@CLIENTS
@pytest.mark.parametrize(
    ("authority", "reason"),
    [("other", "certificate verify failed"), ("namesake", "SSL error: .*signature failure")],
)
def test_other_authority_is_refused(
    settings: MigrationSettings,
    authorities: dict[str, Path],
    script_location: Path,
    client: Client,
    authority: str,
    reason: str,
) -> None:
    changes = {"database_sslrootcert": authorities[authority] / "ca.crt"}
    with pytest.raises(REFUSALS, match=reason):
        client(settings.model_copy(update=changes), script_location)


@CLIENTS
def test_other_name_is_refused(
    settings: MigrationSettings, script_location: Path, client: Client
) -> None:
    changes = {"database_host": OTHER_NAME}
    with pytest.raises(REFUSALS, match=f'does not match host name "{OTHER_NAME}"'):
        client(settings.model_copy(update=changes), script_location)


def test_both_authorities_serve_while_server_changes(
    server: PostgresServer,
    settings: MigrationSettings,
    authorities: dict[str, Path],
    tmp_path: Path,
) -> None:
    """Follow docs/how-to/rotate.md; a service keeps its pool while the server restarts."""
    both = tmp_path / "both.crt"
    both.write_text(
        "".join((authorities[name] / "ca.crt").read_text() for name in ("right", "other"))
    )
    pools = {
        name: create_database_engine(settings.model_copy(update={"database_sslrootcert": file}))
        for name, file in {
            "old": authorities["right"] / "ca.crt",
            "both": both,
            "new": authorities["other"] / "ca.crt",
        }.items()
    }
    for name in ("old", "both"):
        ping(pools[name])
    certify(server, authorities["other"])
    try:
        for name in ("both", "new"):
            ping(pools[name])
        with pytest.raises(OperationalError, match="certificate verify failed"):
            ping(pools["old"])
    finally:
        certify(server, authorities["right"])
        for pool in pools.values():
            pool.dispose()


def test_refused_migration_explains_in_one_sentence(
    settings: MigrationSettings, authorities: dict[str, Path], script_location: Path
) -> None:
    changes = {"database_sslrootcert": authorities["other"] / "ca.crt"}
    with pytest.raises(MigrationFailed) as failed:
        migration(settings.model_copy(update=changes), script_location)
    assert "\n" not in str(failed.value)
    assert str(failed.value).endswith(
        "Check DATABASE_HOST, DATABASE_PORT, DATABASE_SSLMODE, DATABASE_SSLROOTCERT, "
        "DATABASE_ADMIN_USER and DATABASE_ADMIN_PASSWORD."
    )


def test_require_encrypts_and_asks_nobody(
    settings: MigrationSettings, authorities: dict[str, Path]
) -> None:
    changes = {
        "database_sslmode": "require",
        "database_sslrootcert": authorities["other"] / "ca.crt",
    }
    with psycopg.connect(conninfo(settings.model_copy(update=changes))) as connection:
        assert connection.pgconn.ssl_in_use
