"""Reads the statements of a migration without a server, and finds those that break older versions.

The list of allowed statements is short on purpose. `tests/upgrade/test_compatible_migrations.py`
compares the tables themselves, and needs PostgreSQL.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from types import ModuleType
from unittest.mock import patch

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext

TABLE = r"(?:if (?:not )?exists )?(?:public\.)?\"?(?P<table>\w+)\"?"
NEW_TABLE = re.compile(rf"create (?:unlogged )?table {TABLE}")
NEW_INDEX = re.compile(
    r"create (?:unique )?index (?:concurrently )?(?:if not exists )?(?P<name>\w+)"
)
ALLOWED = (
    NEW_TABLE,
    re.compile(r"create (?:or replace )?function "),
    re.compile(r"create index "),  # without a unique key
    re.compile(rf"alter table {TABLE} set \((?:fillfactor|autovacuum)"),
    re.compile(r"(?:insert into|update|comment on) "),
)
ADDED = re.compile(rf"alter table {TABLE} (?P<columns>add column .*)")
REQUIRED = re.compile(r"^(?!.*\bdefault\b).*\bnot null\b|\bprimary key\b|\bunique\b")
SUBJECT = re.compile(
    rf"(?:(?:alter|drop) table|delete from|create (?:unique index|trigger) .*? on) {TABLE}"
)


def statements_of(migration: ModuleType) -> list[str]:
    """Return the statements of `upgrade()` in lower case, on one line each."""
    context = MigrationContext.configure(dialect_name="postgresql", opts={"as_sql": True})
    statements: list[str] = []
    with patch.object(context.impl, "static_output", statements.append):
        with Operations.context(context):
            migration.upgrade()
    lines = (" ".join(re.sub(r"--.*", "", one).split()).rstrip("; ").lower() for one in statements)
    return [line for line in lines if line not in ("begin", "commit", "")]


def breaking_statements(statements: Sequence[str], accepted: Mapping[str, str]) -> Iterator[str]:
    """Return the statements that are not allowed, unless `accepted` names a part of their table."""
    new_tables = {found["table"] for one in statements if (found := NEW_TABLE.match(one))}
    for statement in statements:
        subject = SUBJECT.match(statement)
        table = subject["table"] if subject else ""
        is_accepted = any(name.partition(".")[0] == table for name in accepted)
        if not (is_allowed(statement, statements) or table in new_tables or is_accepted):
            yield statement


def is_allowed(statement: str, statements: Sequence[str]) -> bool:
    if any(pattern.match(statement) for pattern in ALLOWED):
        return True
    if added := ADDED.fullmatch(statement):
        columns = re.split(r", (?=add |drop |alter |rename )", added["columns"])
        return all(one.startswith("add column ") and not REQUIRED.search(one) for one in columns)
    if dropped := re.fullmatch(r"drop index (?:concurrently )?if exists (\w+)", statement):
        created = [found["name"] for one in statements if (found := NEW_INDEX.match(one))]
        return dropped[1] in created  # removes the invalid index of an interrupted run
    return False
