"""The restore of the runbook: the data of a moment serves again, and nothing differs afterwards."""

import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.rehearsals.account import Account
from tests.rehearsals.documented import settings
from tests.rehearsals.environment import Environment, Settings, environment
from tests.rehearsals.users import User

pytestmark = [pytest.mark.integration, pytest.mark.rehearsal]
PAGE, REMOVAL = "docs/runbooks/restore.md", "Remove the old server or table"
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
        assert servers(aws) == ["restore-postgres", "restore-postgres-2"]

        remove_source(stack, "postgres", keep_server)
        assert user.reminders() == before
        assert servers(aws) == ["restore-postgres-2"]


@pytest.mark.timeout(1800)
def test_restored_table_serves(aws: Account, tmp_path: Path, record_property: Record) -> None:
    dynamodb = aws.client("dynamodb")
    with environment(tmp_path / "stack", aws, "table") as stack:
        stack.up()
        user = User(stack, "ada")
        ids = [user.create(f"kept {number}") for number in range(5)]
        before = {id: user.timeline(id) for id in ids}
        moment = pass_moment()
        damaged = stack.output("tables")["event-store"]
        for key in keys_of(dynamodb, damaged):
            dynamodb.delete_item(TableName=damaged, Key=key)
        assert [user.timeline(id) for id in ids] == [[]] * len(ids)

        restore = settings(PAGE, "Restore the event store", at=moment)
        stack.configure(restore)
        seconds = [stack.up(), stack.up()]  # the second adds lock and tags
        assert stack.differences() == []
        assert {id: user.timeline(id) for id in ids} == before
        user.create("afterwards")
        record_property("event store, seconds of the two updates", seconds)
        record_property("reminders with events at the moment, after the restore", (5, len(before)))

        stack.configure(keep_table(False))
        assert "protected" in stack.refusal()
        stack.configure(keep_table(True))
        remove_source(stack, "event-store", keep_table)
        assert damaged not in dynamodb.list_tables()["TableNames"]
        assert {id: user.timeline(id) for id in ids} == before


def remove_source(stack: Environment, resource: str, keep: Callable[[bool], Settings]) -> None:
    """Go the steps of the page for a replaced server or table."""
    stack.configure(settings(PAGE, REMOVAL, resource=resource, until=str(date.today())))
    stack.up()
    stack.configure({**keep(False), "herald:unlock": None})
    stack.up()
    assert stack.differences() == []


def keep_server(keep: bool) -> Settings:
    return {"herald:database": {"rds": {"restore": {"keepSource": keep}}}}


def keep_table(keep: bool) -> Settings:
    return {"herald:restoredTables": {"event-store": {"keepSource": keep}}}


def servers(aws: Account) -> list[str]:
    found = aws.client("rds").describe_db_instances()["DBInstances"]
    names = [each["DBInstanceIdentifier"] for each in found]
    return sorted(name for name in names if name.startswith("restore-"))


def keys_of(dynamodb: Any, table: str) -> list[dict[str, Any]]:
    schema = dynamodb.describe_table(TableName=table)["Table"]["KeySchema"]
    names = [key["AttributeName"] for key in schema]
    items = dynamodb.scan(TableName=table)["Items"]
    return [{name: item[name] for name in names} for item in items]
