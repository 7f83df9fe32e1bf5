"""Manages the PostgreSQL roles of a service: one for this release, one for the previous."""

from typing import Any

import psycopg
from psycopg import sql

from service_runtime.settings import MigrationSettings

# Roles with access to the database, the newest first, without its owner and the current user.
GRANTED = """
select rolname, exists (select from pg_stat_activity where usename = rolname) as used from (
    select (aclexplode(datacl)).grantee, datdba from pg_database where datname = %s
) granted join pg_roles on pg_roles.oid = grantee
where rolcanlogin and grantee <> datdba and rolname not in (%s, current_user)
group by rolname, pg_roles.oid order by pg_roles.oid desc
"""


def ensure_login(server: psycopg.Connection[Any], settings: MigrationSettings) -> None:
    """Create the role of the service, or set its password."""
    role = settings.database_user.encode()
    # The server receives a hash, so its log never contains the password.
    password = server.pgconn.encrypt_password(
        settings.database_password.get_secret_value().encode(), role, b"scram-sha-256"
    )
    exists = server.execute(
        "select 1 from pg_roles where rolname = %s", [settings.database_user]
    ).fetchone()
    # The administrator of RDS is not a superuser and may not use `nosuperuser`. New roles are
    # never superusers.
    server.execute(
        sql.SQL("{} role {} login nocreatedb nocreaterole password {}").format(
            sql.SQL("alter" if exists else "create"),
            sql.Identifier(settings.database_user),
            sql.Literal(password.decode()),
        )
    )


def close_older_logins(server: psycopg.Connection[Any], settings: MigrationSettings) -> None:
    """Close all roles except those of this release, the previous release, and open sessions.

    Pods of the previous release run during the rollout. After failed rollouts, pods of an older
    release can still serve. Closed roles are not dropped, because they have privileges.
    """
    name, user = settings.database_name, settings.database_user
    granted = server.execute(GRANTED, [name, user]).fetchall()
    for older in (login for login, used in granted[1:] if not used):
        role, database = sql.Identifier(older), sql.Identifier(name)
        server.execute(sql.SQL("alter role {} nologin").format(role))
        server.execute(sql.SQL("revoke connect on database {} from {}").format(database, role))
