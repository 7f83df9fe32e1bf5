"""The roles that a service logs in as: the one of this release, and that of the release before."""

from typing import Any

import psycopg
from psycopg import sql

from service_runtime.settings import MigrationSettings

# Who was granted the database, the newest first; not its owner and not who asks.
GRANTED = """
select rolname, exists (select from pg_stat_activity where usename = rolname) as used from (
    select (aclexplode(datacl)).grantee, datdba from pg_database where datname = %s
) granted join pg_roles on pg_roles.oid = grantee
where rolcanlogin and grantee <> datdba and rolname not in (%s, current_user)
group by rolname, pg_roles.oid order by pg_roles.oid desc
"""


def ensure_login(server: psycopg.Connection[Any], settings: MigrationSettings) -> None:
    """Make the role that the service logs in as, with its password."""
    role = settings.database_user.encode()
    # Only a hash goes to the server, so its log never has the password.
    password = server.pgconn.encrypt_password(
        settings.database_password.get_secret_value().encode(), role, b"scram-sha-256"
    )
    exists = server.execute(
        "select 1 from pg_roles where rolname = %s", [settings.database_user]
    ).fetchone()
    # A hosted server's administrator, as of RDS, is no superuser: it may not even deny a role
    # to be one. A new role is none anyway.
    server.execute(
        sql.SQL("{} role {} login nocreatedb nocreaterole password {}").format(
            sql.SQL("alter" if exists else "create"),
            sql.Identifier(settings.database_user),
            sql.Literal(password.decode()),
        )
    )


def close_older_logins(server: psycopg.Connection[Any], settings: MigrationSettings) -> None:
    """Let only this release in and the one before, whose pods still run during the rollout.

    A role in use stays open, too: after rollouts that failed, pods of an older release serve.
    A role that is closed is not removed, for it has rights.
    """
    name, user = settings.database_name, settings.database_user
    granted = server.execute(GRANTED, [name, user]).fetchall()
    for older in (login for login, used in granted[1:] if not used):
        role, database = sql.Identifier(older), sql.Identifier(name)
        server.execute(sql.SQL("alter role {} nologin").format(role))
        server.execute(sql.SQL("revoke connect on database {} from {}").format(database, role))
