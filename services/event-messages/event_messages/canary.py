"""Identifies the canary: reminders whose delivery shows that every stage works."""

from uuid import UUID

USER = "canary"
INTERVAL = 30  # seconds between two canaries
# The ids take turns, so that a stuck canary stays overdue for two minutes. Reminders of users
# have ids of version 7.
IDS = tuple(UUID(f"c0a4a4e0-0000-5000-8000-00000000000{number}") for number in range(4))
