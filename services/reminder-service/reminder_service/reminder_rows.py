"""Converts between reminders and rows of their table."""

from collections.abc import Mapping
from typing import Any

from event_messages.content import Content
from service_runtime.content_columns import columns_of, take_content
from sqlalchemy import ARRAY, Text, literal

from reminder_service.reminders import Reminder
from reminder_service.tables import reminders

_LISTS = ("except_dates", "local_except_dates")


def row_of(reminder: Reminder) -> dict[str, Any]:
    row = vars(reminder) | columns_of(reminder.content, reminders)
    return row | {name: list(row[name]) for name in _LISTS} | {"local_version": reminder.version}


def changed_row(reminder: Reminder) -> dict[str, Any]:
    """Return the values of an update, which keeps the content that a later version wrote."""
    row, column = row_of(reminder), reminders.c.content
    known = [field.alias or name for name, field in Content.model_fields.items()]
    return row | {"content": column.op("-")(literal(known, ARRAY(Text))).concat(row["content"])}


def reminder_of(row: Mapping[Any, Any]) -> Reminder:
    """Return a reminder; wall-clock times that an earlier version left behind are out of date."""
    fields = {**row, **{name: tuple(row[name]) for name in _LISTS}}
    fields["channel"] = fields.pop("notify_type")
    content = take_content(fields)
    if fields.pop("local_version") != row["version"]:
        fields |= {"local_date": None, "local_except_dates": ()}
    return Reminder(content=content, **fields)
