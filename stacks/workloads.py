"""What runs in the cluster: a namespace, its secrets, databases and services."""

from collections.abc import Mapping, Sequence
from typing import Any

from pulumi import Input, Output
from pydantic import SecretStr

from infra.container_service import ContainerService, ContainerServiceArgs
from infra.environment_namespace import (
    Destination,
    EnvironmentNamespace,
    EnvironmentNamespaceArgs,
)
from infra.policy_document import Statement
from infra.postgres_server import PostgresConnection
from infra.restricted_pod import Environment, Resources
from infra.service_database import Authorities, ServiceDatabase, ServiceDatabaseArgs
from infra.service_role import ServiceRole, ServiceRoleArgs
from infra.service_secret import SecretKey, ServiceSecret, ServiceSecretArgs
from stacks.config import ServiceConfig, ServiceName, StackConfig
from stacks.foundation import Surroundings
from stacks.images import DATABASE_AUTHORITIES, Images
from stacks.quota import QuotaConfig

LABELS = {"app.kubernetes.io/part-of": "herald", "app.kubernetes.io/managed-by": "pulumi"}
DEFAULTS = ServiceConfig()


def environment_namespace(config: StackConfig) -> EnvironmentNamespace:
    default = resources(DEFAULTS).manifest()
    return EnvironmentNamespace(
        config.namespace,
        EnvironmentNamespaceArgs(
            namespace=config.namespace,
            labels=LABELS,
            quota=quota(config.quota),
            default_requests=default["requests"],
            default_limits=default["limits"],
            destinations=[Destination(**each.model_dump()) for each in config.network.destinations],
        ),
    )


def quota(config: QuotaConfig) -> dict[str, str]:
    return {
        "pods": str(config.pods),
        "requests.cpu": config.cpu_requests,
        "limits.cpu": config.cpu_limits,
        "requests.memory": config.memory_requests,
        "limits.memory": config.memory_limits,
    }


def resources(config: ServiceConfig) -> Resources:
    return Resources(
        cpu_request=config.cpu_request,
        cpu_limit=config.cpu_limit,
        memory_request=config.memory_request,
        memory_limit=config.memory_limit,
    )


def callers(config: StackConfig) -> list[dict[str, Any]]:
    """Who may open connections to services, as peers of a NetworkPolicy."""
    namespaces = [
        {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}
        for name in config.network.caller_namespaces
    ]
    return namespaces + [{"ipBlock": {"cidr": cidr}} for cidr in config.network.caller_cidrs]


class Cluster:
    """The environment's place in the cluster, and what each service in it is told."""

    def __init__(
        self,
        config: StackConfig,
        around: Surroundings,
        namespace: EnvironmentNamespace,
        images: Images,
    ) -> None:
        self.config = config
        self.around = around
        self.namespace = namespace
        self.images = images
        self.environments: dict[ServiceName, Environment] = {}
        self.secrets: list[ServiceSecret] = []  # that others may read, too
        self.services: list[ContainerService] = []

    def full_name(self, name: str) -> str:
        return f"{self.config.prefix}{name}"

    def secret(self, name: str, data: Mapping[str, Input[str]]) -> ServiceSecret:
        made = ServiceSecret(
            self.full_name(f"{name}-secrets"),
            ServiceSecretArgs(namespace=self.namespace.name, labels=LABELS, data=data),
        )
        self.secrets.append(made)
        return made

    def publish_secrets(self) -> None:
        """Under the names that others rely on, once every service runs on what is in them."""
        for secret in self.secrets:
            secret.publish(after=self.services)

    def optional_secret(
        self, variable: str, name: str, value: SecretStr | None
    ) -> dict[str, SecretKey]:
        """A variable from a secret of its own, if the configuration has the value."""
        if value is None:
            return {}
        return {variable: self.secret(name, {"url": value.get_secret_value()}).key("url")}

    def database(
        self, name: str, server: PostgresConnection, *, owner: ServiceName
    ) -> ServiceDatabase:
        """The database `{name}s`, migrated by the service that owns its tables."""
        made = ServiceDatabase(
            self.full_name(name),
            ServiceDatabaseArgs(
                server=server,
                ssl_mode=self.config.database.ssl_mode,
                authorities=self.authorities(),
                database=f"{name}s",
                namespace=self.namespace.name,
                labels=LABELS,
                image=self.images[owner].ref,
                migrate=["migrate"],
                resources=resources(self.config.service(owner)),
                rotation=self.config.database.rotation,
            ),
        )
        self.secrets.append(made.secret)
        return made

    def authorities(self) -> Authorities | None:
        """As the images have them."""
        pem = self.config.database.ssl_root_cert
        return None if pem is None else Authorities(file=DATABASE_AUTHORITIES, pem=pem)

    def environment(
        self,
        name: ServiceName,
        database: ServiceDatabase,
        values: Mapping[str, Input[str]],
        secrets: Mapping[str, SecretKey],
    ) -> Environment:
        """What a service is told, wherever it runs."""
        told = database.environment | Environment(values=values, secrets=secrets)
        self.environments[name] = told
        return told

    def service(
        self,
        name: ServiceName,
        *,
        database: ServiceDatabase,
        values: Mapping[str, Input[str]] | None = None,
        secrets: Mapping[str, SecretKey],
        may: Sequence[Statement],
        exposed: bool = False,
    ) -> ContainerService:
        """Pods that start on a migrated database and may do in AWS what the statements say."""
        own = self.config.service(name)
        told = self.environment(name, database, values or {}, secrets)
        made = ContainerService(
            self.full_name(name),
            ContainerServiceArgs(
                namespace=self.namespace.name,
                labels=LABELS,
                image=self.images[name].ref,
                environment=self.surroundings() | told,
                resources=resources(own),
                min_replicas=own.min_replicas,
                max_replicas=own.max_replicas,
                role_arn=self.role_arn(name, may),
                callers=callers(self.config),
                exposed=exposed,
                node_port=own.node_port,
                after=[database.migration],
                rollout_seconds=own.rollout_seconds,
            ),
        )
        self.services.append(made)
        return made

    def surroundings(self) -> Environment:
        """What every process outside of AWS is told."""
        return Environment(
            values={
                "AWS_REGION": self.config.region,
                "AWS_DEFAULT_REGION": self.config.region,  # the name that boto3 reads
                **self.config.workload_environment,
            }
        )

    def telemetry(self) -> dict[str, str]:
        """Where spans go, for what runs inside of AWS: Lambda itself says the rest."""
        told = self.config.workload_environment
        return {name: value for name, value in told.items() if name.startswith("OTEL_")}

    def role_arn(self, name: ServiceName, may: Sequence[Statement]) -> Output[str] | None:
        """Of a role that only the service's account can take; none without an OIDC provider."""
        if self.around.oidc_provider_arn is None:
            return None
        return ServiceRole(
            self.full_name(name),
            ServiceRoleArgs(
                oidc_provider_arn=self.around.oidc_provider_arn,
                namespace=self.config.namespace,
                service_account=self.full_name(name),
                statements=may,
            ),
        ).arn

    def url(self, name: ServiceName) -> str:
        """Where the gateway reaches a service, or else where the cluster does."""
        given = self.config.service(name).public_url
        return given or f"http://{self.full_name(name)}.{self.config.namespace}.svc"

    def image_references(self) -> dict[str, Output[str]]:
        return {name: image.ref for name, image in self.images.items()}

    def settings(self) -> dict[str, dict[str, Input[str]]]:
        """The environment of each service's pods, with the secrets in it."""
        around = self.surroundings()
        return {name: (around | told).in_clear() for name, told in self.environments.items()}
