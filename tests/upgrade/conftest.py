"""A PostgreSQL server, and the services of the previous version."""

from collections.abc import Iterator

import pytest

from tests.postgresql import NotInstalled, PostgresServer, postgres_server
from tests.upgrade.previous_version import Version, previous_version


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresServer]:
    try:
        with postgres_server() as running:
            yield running
    except NotInstalled as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def old(tmp_path_factory: pytest.TempPathFactory) -> Version:
    return previous_version(tmp_path_factory.mktemp("previous"))
