"""Imported events in memory; behaves as the store in PostgreSQL does."""

from reminder_service import events
from reminder_service.calendar.store import ImportChanged, MarkedReminder, mark_export
from reminder_service.errors import TooManyReminders


class InMemoryImports:
    def __init__(self, reminders):
        self._store = reminders
        self._marks = {}

    def find(self, user_id, uids):
        wanted = set(uids)
        mine = {str(one.id): one for one in self._store._of(user_id)}
        found = {(uid, ""): mark_export(one) for uid, one in mine.items() if uid in wanted}
        for (owner, key), (mark, reminder_id) in self._marks.items():
            if owner == user_id and key[0] in wanted and str(reminder_id) in mine:
                found[key] = MarkedReminder(mine[str(reminder_id)], mark)
        return found

    def save(self, user_id, writes, answer=None):
        if not writes:
            return None
        with self._store._turn:
            if answer and (
                earlier := self._store.answered(user_id, answer.key, answer.answered_at)
            ):
                return earlier.repeated_for(answer.fingerprint)
            self._check(user_id, writes)
            for write in writes:
                self._store._reminders[write.reminder.id] = write.reminder
                self._marks[user_id, write.mark.key] = (write.mark, write.reminder.id)
                if write.before is None:
                    self._store.events.append(events.created(write.reminder))
                else:
                    self._store.events += events.of_change(write.before, write.reminder)
            if answer:
                self._store._answers[user_id, answer.key] = answer
        return None

    def _check(self, user_id, writes):
        created = [write for write in writes if write.before is None]
        found = self.find(user_id, [write.mark.key[0] for write in created])
        if any(write.mark.key in found for write in created):
            raise ImportChanged
        mine = self._store._of(user_id)
        if created and len(mine) + len(created) > self._store._per_user:
            raise TooManyReminders
        versions = {one.id: one.version for one in mine}
        changed = [write.before for write in writes if write.before is not None]
        if any(versions.get(before.id) != before.version for before in changed):
            raise ImportChanged


class InMemorySubscriptions:
    """Secret addresses in memory; behaves as the store in PostgreSQL does."""

    def __init__(self):
        self.by_user = {}

    def put(self, user_id, token_hash, now):
        self.by_user[user_id] = token_hash

    def remove(self, user_id):
        self.by_user.pop(user_id, None)

    def user_of(self, token_hash):
        return next((user for user, one in self.by_user.items() if one == token_hash), None)


class ChosenZones:
    """The zones that users chose in their preferences."""

    def __init__(self):
        self.by_user = {}

    def preferred_zone(self, user_id):
        return self.by_user.get(user_id)
