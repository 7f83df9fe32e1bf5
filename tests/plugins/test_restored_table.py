"""A table that DynamoDB restores gets its settings in two steps, as with the official plugin."""

from typing import Any

import pytest

pytestmark = pytest.mark.integration

TOKEN = "aws:dynamodb/table:Table"
SETTINGS: dict[str, Any] = {
    "attributes": [{"name": "id", "type": "S"}],
    "hashKey": "id",
    "billingMode": "PAY_PER_REQUEST",
    "ttl": {"attributeName": "expiresAt", "enabled": True},
    "pointInTimeRecovery": {"enabled": True},
    "deletionProtectionEnabled": True,
    "tags": {"team": "a"},
}


def test_restored_table_lacks_lock_and_tags(aws: Any) -> None:
    source = aws.create(TOKEN, "source", **SETTINGS)
    inputs = {**SETTINGS, "restoreSourceName": source.id, "restoreToLatestTime": True}
    restored = aws.create(TOKEN, "restored", **inputs)
    assert {*aws.diff(restored, **inputs).diffs} == {"deletionProtectionEnabled", "tags"}
    completed = aws.update(restored, **inputs)
    assert [*aws.diff(completed, **inputs).diffs] == []
    assert {name: completed.state[name] for name in SETTINGS} == SETTINGS
