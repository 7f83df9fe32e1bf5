"""The upgrade of the database server to the next major version."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.rehearsals.account import Account
from tests.rehearsals.documented import settings
from tests.rehearsals.environment import environment
from tests.rehearsals.users import User

pytestmark = [pytest.mark.integration, pytest.mark.rehearsal]
PAGE, UPGRADE = "docs/runbooks/database.md", "Upgrade to the next major version"


@pytest.mark.timeout(1800)
def test_upgraded_server_serves(
    aws: Account, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    with environment(tmp_path / "stack", aws, "upgrade") as stack:
        stack.up()
        user = User(stack, "ada")
        for number in range(10):
            user.create(f"kept {number}")
        before = user.reminders()
        upgrade = settings(PAGE, UPGRADE)
        server = upgrade["herald:database"]["rds"]
        version = str(server["version"])

        forbidden = {"allowMajorUpgrade": None, "applyImmediately": None}
        stack.configure({"herald:database": {"rds": {**server, **forbidden}}})
        assert "AllowMajorVersionUpgrade" in stack.refusal()

        stack.configure(upgrade)
        record_property("seconds of the update", stack.up())
        stack.configure({"herald:database": {"rds": forbidden}})
        stack.up()
        [instance] = aws.client("rds").describe_db_instances(
            DBInstanceIdentifier="upgrade-postgres"
        )["DBInstances"]
        assert instance["EngineVersion"].partition(".")[0] == version
        assert instance.get("PendingModifiedValues", {}) == {}
        assert user.reminders() == before
        record_property("reminders before and after", (10, len(before)))
        user.create("afterwards")
        assert stack.differences() == []
