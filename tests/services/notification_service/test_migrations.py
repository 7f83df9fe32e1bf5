"""The migrations make what the service works on."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from notification_service.tables import metadata

pytestmark = pytest.mark.integration


def is_compared(name: str | None, kind: str, _: object) -> bool:
    """Indexes are known to the migrations alone."""
    return kind != "index" and (kind != "table" or name in metadata.tables)


def test_tables_match_those_of_the_service(engine):
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": is_compared})
        assert compare_metadata(context, metadata) == []
