"""Runs the migrations of the notifications database."""

from event_service.tables import metadata
from service_runtime.migrations import run_migrations

run_migrations(metadata)
