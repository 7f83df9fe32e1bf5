"""The restore of the runbook: the data of a moment serves again, and nothing differs afterwards."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.rehearsals.documented import settings
from tests.rehearsals.environment import Account, environment
from tests.rehearsals.users import User

pytestmark = [pytest.mark.integration, pytest.mark.rehearsal]
PAGE = "docs/runbooks/restore.md"
Record = Callable[[str, object], None]


def pass_moment() -> str:
    """Return a moment in whole seconds that all earlier data precedes, and all later follows."""
    time.sleep(1.1)
    moment = datetime.now(UTC).replace(microsecond=0)
    time.sleep(1.1)
    return moment.isoformat().replace("+00:00", "Z")


@pytest.mark.timeout(1800)
def test_restored_moment_serves(aws: Account, tmp_path: Path, record_property: Record) -> None:
    with environment(tmp_path / "stack", aws, "restore") as stack:
        stack.up()
        user = User(stack, "ada")
        ids = [user.create(f"kept {number}") for number in range(10)]
        before = user.reminders()
        moment = pass_moment()
        user.delete(ids[0])
        user.rename(ids[1], "damaged")
        user.create("too late")
        assert user.reminders() != before

        stack.configure(settings(PAGE, "Restore PostgreSQL", at=moment))
        seconds = stack.up()
        assert user.reminders() == before
        assert stack.differences() == []
        record_property("PostgreSQL, seconds of the update", seconds)
        record_property("reminders at the moment, after the restore", (10, len(before)))
        servers = aws.client("rds").describe_db_instances()["DBInstances"]
        names = [each["DBInstanceIdentifier"] for each in servers]
        assert sorted(names) == ["restore-postgres", "restore-postgres-2"]
