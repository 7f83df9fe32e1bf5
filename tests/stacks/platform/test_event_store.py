"""What the event store is asked, its table can answer."""

import pytest
from reminder_service.timeline import INDEX

from tests.stacks.stack_files import STACKS, config_of


@pytest.mark.parametrize("stack", STACKS)
def test_table_has_the_timeline_index(platform, stack):
    table = platform(stack).one("aws:dynamodb/table:Table", f"{config_of(stack).prefix}event-store")
    [index] = table.inputs["globalSecondaryIndexes"]
    assert (index["name"], index["hashKey"], index["rangeKey"]) == (INDEX, "reminderId", "id")
