"""A database of one service, with a role that can do no more than work on its rows."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_random as random
from pulumi import Input, Output, ResourceOptions

from infra.migration_job import MigrationJob, MigrationJobArgs
from infra.postgres_server import PostgresConnection
from infra.restricted_pod import Environment, Resources
from infra.service_secret import ServiceSecret, ServiceSecretArgs


@dataclass(frozen=True, kw_only=True)
class Authorities:
    """Who signs the server's certificate."""

    file: str  # in the image
    pem: str  # what is in it


@dataclass(frozen=True, kw_only=True)
class ServiceDatabaseArgs:
    server: PostgresConnection
    ssl_mode: str = "require"  # of libpq; "verify-full" authenticates the server, too
    authorities: Authorities | None = None  # that verify-ca and verify-full need
    database: str  # also the name of its role, or the beginning of it
    namespace: Input[str]
    labels: Mapping[str, str]
    image: Input[str]  # of the service that owns the tables
    migrate: Sequence[str]  # arguments for the image
    resources: Resources
    rotation: str | None = None  # any text; another one makes another role and password


class ServiceDatabase(pulumi.ComponentResource):
    """Made and migrated by a job of the owner's image before anything that depends on it.

    The service's secret holds host, name, user and a generated password; the administrator's
    is read by the migration alone. With another `rotation` the migration makes a new role with a
    new password, and pods that depend on it are replaced; the role before lets the old pods in
    until the next rotation, the one before that is closed.
    """

    name: str  # of the database
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
                **tls(args),
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


def tls(args: ServiceDatabaseArgs) -> dict[str, str]:
    if args.authorities is None:
        return {"DATABASE_SSLMODE": args.ssl_mode}
    return {"DATABASE_SSLMODE": args.ssl_mode, "DATABASE_SSLROOTCERT": args.authorities.file}


def login(args: ServiceDatabaseArgs, password: Output[str]) -> Input[str]:
    """A role of its own for each password that rotates, so that two can be in use."""
    if args.rotation is None:
        return args.database
    return password.apply(lambda text: f"{args.database}_{fingerprint(text)}")


def fingerprint(password: str) -> str:
    """32 bits, which tell nothing of a password with 190."""
    return hashlib.sha256(password.encode()).hexdigest()[:8]
