"""Compares the tables of two versions: what can the older version not work with?

Its writes name its own columns only, its reads expect values as before, and its upserts name the
unique keys that it knows.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, text

COLUMNS = """
select relname, attname, format_type(atttypid, atttypmod), attnotnull,
    atthasdef or attidentity <> '' as is_filled
from pg_attribute join pg_class c on c.oid = attrelid
where relnamespace = 'public'::regnamespace and relkind = 'r' and attnum > 0 and not attisdropped
"""
RULES = """
select conrelid::regclass::text, conname, pg_get_constraintdef(oid) from pg_constraint
where connamespace = 'public'::regnamespace and contype in ('c', 'f', 'x')
union all
select tgrelid::regclass::text, tgname, pg_get_triggerdef(oid) from pg_trigger
where not tgisinternal
"""
KEYS = """
select indrelid::regclass::text, indexrelid::regclass::text,
    substring(pg_get_indexdef(indexrelid) from ' USING .*')
from pg_index join pg_class c on c.oid = indexrelid
where indisunique and relnamespace = 'public'::regnamespace
"""


@dataclass(frozen=True)
class Column:
    type: str
    is_required: bool
    is_filled: bool  # by a default, or by the server


@dataclass
class Table:
    columns: dict[str, Column] = field(default_factory=dict)
    rules: dict[str, str] = field(default_factory=dict)  # checks, references and triggers
    keys: dict[str, str] = field(default_factory=dict)


Schema = Mapping[str, Table]


def schema_of(connection: Connection) -> Schema:
    tables: defaultdict[str, Table] = defaultdict(Table)
    for table, name, *column in connection.execute(text(COLUMNS)):
        tables[table].columns[name] = Column(*column)
    for table, name, definition in connection.execute(text(RULES)):
        tables[table].rules[name] = definition
    for table, name, definition in connection.execute(text(KEYS)):
        tables[table].keys[name] = definition
    tables.pop("alembic_version", None)
    return tables


def breaking_changes(old: Schema, new: Schema) -> dict[str, str]:
    """Return what the older version cannot work with: a problem for each table or part of one."""
    problems: dict[str, str] = {}
    for name, table in old.items():
        if name not in new:
            problems[name] = "is gone"
            continue
        found = [*_of_columns(table, new[name]), *_of_parts(table, new[name])]
        problems |= {f"{name}.{part}": problem for part, problem in found}
    return problems


def _of_columns(old: Table, new: Table) -> Iterator[tuple[str, str]]:
    for name, column in new.columns.items():
        if name not in old.columns and column.is_required and not column.is_filled:
            yield name, "is new and required, and has no default"
    for name, before in old.columns.items():
        if (after := new.columns.get(name)) is None:
            yield name, "is gone"
        elif after.type != before.type:
            yield name, f"was {before.type} and is {after.type}"
        elif after.is_required != before.is_required:
            yield name, "may not be null" if after.is_required else "may be null"
        elif before.is_filled and not after.is_filled:
            yield name, "has no default"


def _of_parts(old: Table, new: Table) -> Iterator[tuple[str, str]]:
    for name, rule in new.rules.items():
        if old.rules.get(name) != rule:
            yield name, f"is new: {rule}"
    for name, key in new.keys.items():
        if key not in old.keys.values():
            yield name, f"is new: unique{key}"
    for name, key in old.keys.items():
        if key not in new.keys.values():
            yield name, "is gone: an upsert may name it"
