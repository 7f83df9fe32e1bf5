"""Describes errors of PostgreSQL without the rows and parameters that they quote."""

import psycopg
from event_messages.failures import describe, redact

QUOTES_VALUES = ("22", "P0")  # SQLSTATE classes whose message can quote a value


@describe.register
def _(error: psycopg.Error) -> str:
    """Return the message without DETAIL, HINT and CONTEXT, which repeat the failing row."""
    name, state = type(error).__name__, error.sqlstate
    if state is None:
        is_connection = isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
        reason = str(error).partition("\n")[0]
        return f"{name}: {redact(reason)}" if is_connection else name
    if state.startswith(QUOTES_VALUES) or not error.diag.message_primary:
        return f"{name} ({state})"
    return f"{name} ({state}): {redact(error.diag.message_primary)}"
