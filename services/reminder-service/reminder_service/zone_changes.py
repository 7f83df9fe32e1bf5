"""Updates reminders after changes of time zone rules: local times stay, moments move."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from service_runtime.recurrence import find_new_instant, zone_of
from sqlalchemy import Engine, select, update

from reminder_service.reminders import Reminder, with_wall_clock
from reminder_service.store import owned_by_user, reminder_of, row_of, write_change
from reminder_service.tables import reminders

PAGE = 500  # reminders of one comparison with new zone data


def rezone(engine: Engine, now: datetime) -> int:
    """Write the reminders that newer zone data move, with their events; return their number."""
    moved, last = 0, UUID(int=0)
    while page := _zoned_after(engine, last, now):
        for reminder in page:
            changed = with_new_zone_data(reminder, now)
            if changed != reminder:
                moved += _write(engine, reminder, changed)
        last = page[-1].id
    return moved


def with_new_zone_data(reminder: Reminder, now: datetime) -> Reminder:
    """Return the next version of a reminder whose moments move, or the reminder unchanged.

    A series that has started announces only later occurrences.
    """
    zone = zone_of(reminder.time_zone)
    if reminder.local_date is None:  # an earlier version wrote it
        return with_wall_clock(reminder)
    moved = replace(
        reminder,
        date=find_new_instant(reminder.date, reminder.local_date, zone) or reminder.date,
        except_dates=tuple(
            find_new_instant(moment, local, zone) or moment
            for moment, local in zip(
                reminder.except_dates, reminder.local_except_dates, strict=True
            )
        ),
    )
    is_begun = reminder.date <= now + reminder.offset
    if is_begun and moved != reminder:
        moved = replace(moved, scheduled_from=now)
    if moved.last_occurrence:
        series = replace(moved.series, last=None)
        moved = replace(moved, last_occurrence=series.counted_end())
    if moved == reminder:
        return reminder
    return replace(moved, version=moved.version + 1, updated_at=max(now, moved.updated_at))


def _zoned_after(engine: Engine, last: UUID, now: datetime) -> list[Reminder]:
    """Return the next open reminders in local time, by id."""
    recurs = reminders.c.rule.is_not(None)
    query = select(reminders).where(
        reminders.c.id > last,
        reminders.c.completed_at.is_(None),
        reminders.c.time_zone != "UTC",
        recurs | (reminders.c.date > now),
    )
    with engine.connect() as connection:
        rows = connection.execute(query.order_by(reminders.c.id).limit(PAGE)).mappings()
        return [reminder_of(row) for row in rows]


def _write(engine: Engine, reminder: Reminder, changed: Reminder) -> bool:
    """Write the moved reminders; add missing local times without an event."""
    with engine.begin() as connection:
        if changed.version > reminder.version:
            return write_change(connection, reminder, changed, "rezoned")
        statement = owned_by_user(update(reminders), reminder.user_id, reminder.id)
        same = statement.where(reminders.c.version == reminder.version)
        connection.execute(same.values(row_of(changed)))
    return False
