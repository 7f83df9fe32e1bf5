"""Stores the content of a reminder in a row.

Members without a column of their own share the column `content`, as JSON with the names of events.
"""

from typing import Any

from event_messages.content import Content
from sqlalchemy import Table


def columns_of(content: Content, table: Table) -> dict[str, Any]:
    """Return the values of the columns."""
    own = {name: value for name, value in content if name in table.c}
    others = content.model_dump(mode="json", by_alias=True, exclude=set(own))
    return {**own, "content": others}


def take_content(row: dict[str, Any]) -> Content:
    """Remove the content from the values of a row, and return it.

    Ignores members that a later version wrote.
    """
    others = row.pop("content")
    own = {name: row.pop(name) for name in Content.model_fields if name in row}
    return Content.model_validate({**others, **own}, extra="ignore")
