"""The comparison of two versions' tables finds each kind of change that breaks the older one."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, create_engine, text

from tests.postgresql import PostgresServer
from tests.upgrade.schemas import breaking_changes, schema_of

pytestmark = pytest.mark.integration

NOTES = """
create table notes (
    id uuid primary key,
    user_id text not null,
    note text not null default '',
    url varchar(80),
    state text constraint notes_state check (state in ('open', 'done')),
    constraint notes_note unique (user_id, note)
)
"""
BREAKING = {
    "drop table notes": {"notes": "is gone"},
    "alter table notes rename to texts": {"notes": "is gone"},
    "alter table notes drop column url": {"notes.url": "is gone"},
    "alter table notes rename column url to address": {"notes.url": "is gone"},
    "alter table notes alter url type text": {"notes.url": "was character varying(80) and is text"},
    "alter table notes alter url set not null": {"notes.url": "may not be null"},
    "alter table notes alter user_id drop not null": {"notes.user_id": "may be null"},
    "alter table notes alter note drop default": {"notes.note": "has no default"},
    "alter table notes add since date not null": {
        "notes.since": "is new and required, and has no default"
    },
    "alter table notes add constraint short check (length(note) < 9) not valid": {
        "notes.short": "is new: CHECK ((length(note) < 9)) NOT VALID"
    },
    "create unique index one_url on notes (url)": {
        "notes.one_url": "is new: unique USING btree (url)"
    },
    "alter table notes drop constraint notes_note": {
        "notes.notes_note": "is gone: an upsert may name it"
    },
    "alter table notes add foreign key (id) references users": {
        "notes.notes_id_fkey": "is new: FOREIGN KEY (id) REFERENCES users(id)"
    },
    "create trigger keep before delete on notes execute function suppress_redundant_updates_trigger"
    "()": {
        "notes.keep": "is new: CREATE TRIGGER keep BEFORE DELETE ON public.notes FOR EACH STATEMENT"
        " EXECUTE FUNCTION suppress_redundant_updates_trigger()"
    },
}
HARMLESS = (
    "alter table notes add since date",
    "alter table notes add since date not null default now()",
    "alter table notes add number bigint generated always as identity",
    "create table more (id int primary key)",
    "create index by_url on notes (url)",
    "alter table notes drop constraint notes_state",
    "alter table notes rename constraint notes_note to notes_key",
)


@pytest.fixture(scope="module")
def connection(server: PostgresServer) -> Iterator[Connection]:
    engine = create_engine(server.url("postgres"))
    with engine.connect() as connection, connection.begin() as transaction:
        for statement in (NOTES, "create table users (id uuid primary key)"):
            connection.execute(text(statement))
        yield connection
        transaction.rollback()
    engine.dispose()


@pytest.mark.parametrize("statement", [*BREAKING, *HARMLESS])
def test_comparison_finds_breaking_changes(connection: Connection, statement: str) -> None:
    old = schema_of(connection)
    with connection.begin_nested() as change:
        connection.execute(text(statement))
        new = schema_of(connection)
        change.rollback()
    assert breaking_changes(old, new) == BREAKING.get(statement, {})
