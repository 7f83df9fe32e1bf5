"""Restores DynamoDB tables to any moment: moto copies only the current items."""

import copy
from datetime import UTC, datetime
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult
from moto.dynamodb.exceptions import (
    ERROR_TYPE_PREFIX,
    PointInTimeRecoveryUnavailable,
    SourceTableNotFoundException,
    TableAlreadyExistsException,
)
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import RestoredPITTable, Table
from moto.dynamodb.responses import DynamoHandler, DynamoResult

from local.aws_server.replacement import add_attribute, replace_method

put_item = Table.put_item
delete_item = Table.delete_item
update_item = DynamoDBBackend.update_item
update_backups = DynamoDBBackend.update_continuous_backups


def extend() -> None:
    add_attribute(Table, "history", ())  # of tables without backups
    replace_method(Table, "put_item", put_and_remember)
    replace_method(Table, "delete_item", delete_and_remember)
    replace_method(DynamoDBBackend, "update_item", update_and_remember)
    replace_method(DynamoDBBackend, "update_continuous_backups", update_and_start_history)
    replace_method(DynamoHandler, "restore_table_to_point_in_time", restore)


def put_and_remember(table: Table, *args: Any, **kwargs: Any) -> Any:
    item = put_item(table, *args, **kwargs)
    remember(table, item.hash_key, item.range_key)
    return item


def delete_and_remember(table: Table, hash_key: Any, range_key: Any) -> Any:
    item = delete_item(table, hash_key, range_key)
    remember(table, hash_key, range_key)
    return item


def update_and_remember(
    backend: DynamoDBBackend, table_name: str, *args: Any, **kwargs: Any
) -> Any:
    item = update_item(backend, table_name, *args, **kwargs)
    remember(backend.get_table(table_name), item.hash_key, item.range_key)
    return item


def update_and_start_history(
    backend: DynamoDBBackend, table_name: str, point_in_time_spec: dict[str, Any]
) -> Any:
    """Start the history with the current items when backups are enabled."""
    table = backend.get_table(table_name)
    had_backups = has_backups(table)
    answer = update_backups(backend, table_name, point_in_time_spec)
    if has_backups(table) and not had_backups:
        vars(table)["history"] = []
        for item in table.all_items():
            remember(table, item.hash_key, item.range_key)
    return answer


def has_backups(table: Table) -> bool:
    backups = table.continuous_backups["PointInTimeRecoveryDescription"]
    return bool(backups["PointInTimeRecoveryStatus"] == "ENABLED")


def remember(table: Table, hash_key: Any, range_key: Any) -> None:
    """Add the current value of a key to the history."""
    if has_backups(table):
        item = copy.deepcopy(table.get_item(hash_key, range_key))
        vars(table)["history"].append((datetime.now(UTC), hash_key, range_key, item))


def restore(handler: DynamoHandler) -> ActionResult:
    request, backend = handler.body, handler.dynamodb_backend
    source, target = request["SourceTableName"], request["TargetTableName"]
    if source not in backend.tables:
        raise SourceTableNotFoundException(source)
    if target in backend.tables:
        raise TableAlreadyExistsException(target)
    origin = backend.tables[source]
    table = RestoredPITTable(  # type: ignore[abstract]  # moto instantiates it, too
        target, handler.current_account, handler.region, origin
    )
    table.items.clear()
    for _, hash_key, range_key, item in history_until(origin, restorable_moment(origin, request)):
        place(table, hash_key, range_key, item)
    table.sse_specification = request.get("SSESpecificationOverride", origin.sse_specification)
    table.billing_mode = request.get("BillingModeOverride", origin.billing_mode)
    backend.tables[target] = table
    return DynamoResult(table.describe())


def restorable_moment(origin: Table, request: dict[str, Any]) -> datetime:
    if not has_backups(origin):
        raise PointInTimeRecoveryUnavailable(origin.name)
    if request.get("UseLatestRestorableTime"):
        return datetime.now(UTC)
    moment: datetime = request["RestoreDateTime"]
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    earliest = origin.continuous_backups["PointInTimeRecoveryDescription"][
        "EarliestRestorableDateTime"
    ]
    if not earliest <= moment.timestamp() <= datetime.now(UTC).timestamp():
        raise JsonRESTError(
            f"{ERROR_TYPE_PREFIX}InvalidRestoreTimeException",
            "The restore time is outside the restorable window.",
        )
    return moment


def history_until(origin: Table, moment: datetime) -> list[Any]:
    return [change for change in vars(origin).get("history", []) if change[0] <= moment]


def place(table: Table, hash_key: Any, range_key: Any, item: Any) -> None:
    if item is None:
        delete_item(table, hash_key, range_key)
    elif range_key:
        table.items[hash_key][range_key] = copy.deepcopy(item)
    else:
        table.items[hash_key] = copy.deepcopy(item)
