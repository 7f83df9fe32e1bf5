"""Restores as the stack file asks for them."""

from collections.abc import Callable
from typing import Any

import pytest

from stacks.config.project import PROJECT
from stacks.config.stack_file import ConfigError, parse
from stacks.outputs.exports import export
from stacks.platform.reminder_platform import reminder_platform
from tests.stacks.stack_files import SECRET_KEYS, as_engine, foundation_of, with_secrets

SERVER, TABLE = "aws:rds/instance:Instance", "aws:dynamodb/table:Table"
MOMENT = "2026-01-31T08:30:00Z"
FROM_MOMENT = {"source": "postgres", "target": "postgres-2", "at": MOMENT}
TABLE_FROM_MOMENT = {"source": "event-store", "target": "event-store-2", "at": "latest"}


def settings(server: dict[str, Any], store: dict[str, Any] | None = None) -> dict[str, str]:
    values = with_secrets("prod")
    values[f"{PROJECT}:database"]["rds"]["restore"] = server
    if store is not None:
        values[f"{PROJECT}:restoredTables"] = {"event-store": store}
    return as_engine(values)


@pytest.fixture
def restored(deploy: Callable[..., Any]) -> Callable[..., Any]:
    def run(server: dict[str, Any], store: dict[str, Any] | None = None) -> Any:
        config = parse("prod", settings(server, store), SECRET_KEYS)
        return deploy(
            lambda: export(reminder_platform(config)),
            stack="prod",
            lookups=foundation_of("prod"),
        )

    return run


def inputs_of(deployment: Any, type_: str, *names: str) -> dict[str, dict[str, Any]]:
    return {
        each.name: {name: each.inputs.get(name) for name in names}
        for each in deployment.all(type_)
        if each.type == type_
    }


def test_restored_server_stands_beside_its_source(restored: Callable[..., Any]) -> None:
    deployment = restored(FROM_MOMENT, store=TABLE_FROM_MOMENT)
    moment = {"sourceDbInstanceIdentifier": "prod-postgres", "restoreTime": MOMENT}
    assert inputs_of(deployment, SERVER, "identifier", "restoreToPointInTime") == {
        "prod-postgres": {"identifier": "prod-postgres", "restoreToPointInTime": None},
        "prod-postgres-2": {"identifier": "prod-postgres-2", "restoreToPointInTime": moment},
    }
    tables = inputs_of(deployment, TABLE, "restoreSourceName", "restoreToLatestTime")
    assert {name: tables[name] for name in tables if name.startswith("prod-event-store")} == {
        "prod-event-store": {"restoreSourceName": None, "restoreToLatestTime": None},
        "prod-event-store-2": {
            "restoreSourceName": "prod-event-store-1a2b3c4",
            "restoreToLatestTime": True,
        },
    }
    assert {each.protect for each in [*deployment.all(SERVER), *deployment.all(TABLE)]} == {True}
    assert deployment.exports["tables"]["event-store"] == "prod-event-store-2-1a2b3c4"
    hosts = {each["host"] for each in deployment.exports["databases"].values()}
    assert hosts == {"prod-postgres-2-1a2b3c4.rds.amazonaws.com"}


def test_removed_source_leaves_the_program(restored: Callable[..., Any]) -> None:
    gone = {"keepSource": False}
    deployment = restored({**FROM_MOMENT, **gone}, store={**TABLE_FROM_MOMENT, **gone})
    assert [each.name for each in deployment.all(SERVER)] == ["prod-postgres-2"]
    stores = [each for each in deployment.all(TABLE) if each.name.startswith("prod-event-store")]
    assert [each.name for each in stores] == ["prod-event-store-2"]
    for each in (*deployment.all(SERVER), *stores):
        assert any(name.startswith("restore") for name in each.ignore_changes)
        assert each.create_timeout == "24h"


def test_snapshot_keeps_its_key(restored: Callable[..., Any]) -> None:
    key = "arn:aws:kms:eu-central-1:111122223333:key/1"
    deployment = restored({"target": "postgres", "snapshot": "last", "snapshotKey": key})
    assert inputs_of(deployment, SERVER, "snapshotIdentifier", "kmsKeyId") == {
        "prod-postgres": {"snapshotIdentifier": "last", "kmsKeyId": key}
    }


REFUSED = {
    "nothing to restore": ({"target": "postgres-2"}, "expected either `at` or `snapshot`"),
    "no source": ({"target": "postgres-2", "at": "latest"}, "expected `source`"),
    "its own source": ({**FROM_MOMENT, "target": "postgres"}, "a target other than the source"),
    "a local time": ({**FROM_MOMENT, "at": "2026-01-31T08:30:00"}, "a moment with its offset"),
    "the future": ({**FROM_MOMENT, "at": "2999-01-31T08:30:00Z"}, "expected a moment in the past"),
    "a snapshot without key": (
        {"target": "postgres", "snapshot": "last"},
        "expected both `snapshot` and `snapshotKey`",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_impossible_restores_are_refused(case: str) -> None:
    server, said = REFUSED[case]
    with pytest.raises(ConfigError) as refused:
        parse("prod", settings(server), SECRET_KEYS)
    assert said in str(refused.value)


def test_unknown_tables_are_named(deploy: Callable[..., Any]) -> None:
    values = with_secrets("prod")
    values[f"{PROJECT}:restoredTables"] = {"evnt-store": TABLE_FROM_MOMENT}
    config = parse("prod", as_engine(values), SECRET_KEYS)
    with pytest.raises(Exception, match="names 'evnt-store'; expected one of event-store"):
        deploy(
            lambda: export(reminder_platform(config)),
            stack="prod",
            lookups=foundation_of("prod"),
        )
