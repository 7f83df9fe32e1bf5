"""Describes connections to PostgreSQL servers, also to those that Herald does not create."""

from dataclasses import dataclass

from pulumi import Input, Output

from herald_infra.dashboard import Panel


@dataclass(frozen=True, kw_only=True)
class PostgresConnection:
    """Describes the administrator's connection; the password is a secret."""

    host: Output[str]
    port: Output[int]
    admin_user: Output[str]
    admin_password: Output[str]


@dataclass(frozen=True, kw_only=True)
class ExistingServer:
    """Describes an existing server, with the same outputs as one on RDS."""

    host: Input[str]
    port: Input[int] = 5432
    admin_user: Input[str] = "postgres"
    admin_password: Input[str]

    @property
    def connection(self) -> PostgresConnection:
        return PostgresConnection(
            host=Output.from_input(self.host),
            port=Output.from_input(self.port),
            admin_user=Output.from_input(self.admin_user),
            admin_password=Output.secret(self.admin_password),
        )

    def panels(self) -> list[Panel]:
        """Return no panels: the operator of the server has its graphs."""
        return []
