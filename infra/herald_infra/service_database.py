"""Creates a database for one service, with a role that may only change rows."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_random as random
from pulumi import Input, Output, ResourceOptions

from herald_infra.migration_job import MigrationJob, MigrationJobArgs
from herald_infra.postgres_connection import PostgresConnection
from herald_infra.restricted_pod import Environment, Resources
from herald_infra.service_secret import ServiceSecret, ServiceSecretArgs


@dataclass(frozen=True, kw_only=True)
class Authorities:
    """Describes the certificate authorities that sign the certificate of the server."""

    file: str  # path in the image
    pem: str  # content of the file


@dataclass(frozen=True, kw_only=True)
class ServiceDatabaseArgs:
    server: PostgresConnection
    ssl_mode: str = "require"  # of libpq; "verify-full" also authenticates the server
    authorities: Authorities | None = None  # required by verify-ca and verify-full
    database: str  # name of the database, and of its role or its start
    namespace: Input[str]
    labels: Mapping[str, str]
    image: Input[str]  # of the service that owns the tables
    migrate: Sequence[str]  # arguments of the image
    resources: Resources
    patience: float = 1  # factor for the seconds of the migration; slow clusters need more
    rotation: str | None = None  # any text; a new value creates a new role and password


class ServiceDatabase(pulumi.ComponentResource):
    """Creates a database; a job of the owner's image migrates it before its dependents.

    The service's secret contains host, name, user and a generated password. Only the migration
    reads the administrator's password. A new `rotation` lets the migration create a role with a new
    password, and replaces the pods. The previous role stays open until the next rotation; the role
    before it is locked.
    """

    name: str  # name of the database
    environment: Environment
    connection: Output[dict[str, object]]

    def __init__(
        self, name: str, args: ServiceDatabaseArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("herald:infra:ServiceDatabase", name, {}, opts)
        child = ResourceOptions(parent=self)
        server, self.name = args.server, args.database

        self.password = random.RandomPassword(
            name,
            length=32,
            special=False,
            keepers=None if args.rotation is None else {"rotation": args.rotation},
            opts=child,
        )
        user = login(args, self.password.result)
        self.secret = ServiceSecret(
            f"{name}-db-secrets",
            ServiceSecretArgs(
                namespace=args.namespace,
                labels=args.labels,
                data={
                    "host": server.host,
                    "name": args.database,
                    "user": user,
                    "password": self.password.result,
                },
            ),
            child,
        )
        self.admin_secret = ServiceSecret(
            f"{name}-db-admin-secrets",
            ServiceSecretArgs(
                namespace=args.namespace,
                labels=args.labels,
                data={"user": server.admin_user, "password": server.admin_password},
            ),
            child,
        )
        self.environment = Environment(
            values={
                "DATABASE_PORT": server.port.apply(lambda port: str(int(port))),
                **tls_settings(args),
            },
            secrets={f"DATABASE_{key.upper()}": self.secret.key(key) for key in self.secret.values},
        )
        self.migration = MigrationJob(
            f"{name}-migration",
            MigrationJobArgs(
                namespace=args.namespace,
                labels=args.labels,
                image=args.image,
                arguments=args.migrate,
                environment=self.environment | self.admin_environment(),
                resources=args.resources,
                patience=args.patience,
            ),
            child,
        )
        self.connection = Output.secret(
            Output.all(
                host=server.host,
                port=server.port,
                name=args.database,
                user=user,
                password=self.password.result,
                sslmode=args.ssl_mode,
                authorities="" if args.authorities is None else args.authorities.pem,
            )
        )
        self.register_outputs({"connection": self.connection})

    def admin_environment(self) -> Environment:
        return Environment(
            secrets={
                "DATABASE_ADMIN_USER": self.admin_secret.key("user"),
                "DATABASE_ADMIN_PASSWORD": self.admin_secret.key("password"),
            }
        )


def tls_settings(args: ServiceDatabaseArgs) -> dict[str, str]:
    if args.authorities is None:
        return {"DATABASE_SSLMODE": args.ssl_mode}
    return {"DATABASE_SSLMODE": args.ssl_mode, "DATABASE_SSLROOTCERT": args.authorities.file}


def login(args: ServiceDatabaseArgs, password: Output[str]) -> Input[str]:
    """Return the role of the password: rotation creates another, so that two can be in use."""
    if args.rotation is None:
        return args.database
    return password.apply(lambda text: f"{args.database}_{fingerprint(text)}")


def fingerprint(password: str) -> str:
    """Return 32 bits of a hash, which reveal nothing of a password with 190 bits."""
    return hashlib.sha256(password.encode()).hexdigest()[:8]
