"""Creates the namespace with its secrets, databases and services."""

from collections.abc import Mapping, Sequence
from typing import Any

from herald_infra.container_service import ContainerService, ContainerServiceArgs, Health
from herald_infra.gateway import Gateway, GatewayArgs
from herald_infra.policy_document import Statement
from herald_infra.restricted_pod import Environment
from herald_infra.service_database import Authorities, ServiceDatabase, ServiceDatabaseArgs
from herald_infra.service_role import ServiceRole, ServiceRoleArgs
from herald_infra.service_secret import SecretKey, ServiceSecret, ServiceSecretArgs
from herald_infra.use import Use, combine_uses
from pulumi import Input, Output
from pydantic import SecretStr

from stacks.config.services import Service
from stacks.outputs.exports import Exports
from stacks.platform.images import DATABASE_AUTHORITIES, Image, service_image
from stacks.platform.namespace import LABELS, environment_namespace, peers, resources
from stacks.platform.platform_parts import PartError, Platform, expect_new
from stacks.platform.service_folders import (
    expect_all_called,
    expect_settings,
    find_folder,
    read_deployable,
)

LONGEST_DATABASE = 28  # characters; Kubernetes allows 63 with prefix, `-migration` and its suffix


class Cluster:
    """Creates the services of an environment, with their secrets and databases."""

    def __init__(self, platform: Platform) -> None:
        self.platform, self.config = platform, platform.config
        self.namespace = environment_namespace(self.config)
        self.folders = read_deployable()
        self.images: dict[str, Image] = {}
        self.environments: dict[str, Environment] = {}
        self.secrets: list[ServiceSecret] = []  # secrets that other workloads may read
        self.databases: dict[str, ServiceDatabase] = {}
        self.services: dict[str, ContainerService] = {}
        self.urls: dict[str, str] = {}  # of services that others reach
        self.routes: dict[str, ContainerService] = {}  # path at the gateway: service

    def full_name(self, name: str) -> str:
        return self.platform.full_name(name)

    def secret(self, name: str, data: Mapping[str, Input[str]]) -> ServiceSecret:
        made = ServiceSecret(
            self.full_name(f"{name}-secrets"),
            ServiceSecretArgs(namespace=self.namespace.name, labels=LABELS, data=data),
        )
        self.secrets.append(made)
        return made

    def finish(self) -> None:
        """Publish secrets under fixed names once every service runs on them."""
        expect_all_called(self.folders, self.environments)
        for secret in self.secrets:
            secret.publish(after=list(self.services.values()))

    def optional_secret(
        self, variable: str, name: str, value: SecretStr | None
    ) -> dict[str, SecretKey]:
        """Create a secret with one variable, if the configuration has the value."""
        if value is None:
            return {}
        return {variable: self.secret(name, {"url": value.get_secret_value()}).key("url")}

    def database(self, name: str, *, owner: str) -> ServiceDatabase:
        """Create the database `{name}s`, which the service that owns its tables migrates."""
        expect_new("database", name, self.databases, LONGEST_DATABASE)
        self.databases[name] = ServiceDatabase(
            self.full_name(name),
            ServiceDatabaseArgs(
                server=self.platform.database_server.connection,
                ssl_mode=self.config.database.ssl_mode,
                authorities=self.authorities(),
                database=f"{name}s",
                namespace=self.namespace.name,
                labels=LABELS,
                image=self.image(owner).ref,
                migrate=["migrate"],
                resources=resources(self.config.service(owner)),
                rotation=self.config.database.rotation,
                patience=self.config.patience,
            ),
        )
        self.secrets.append(self.databases[name].secret)
        return self.databases[name]

    def authorities(self) -> Authorities | None:
        """Return the certificate authorities in the images."""
        pem = self.config.database.ssl_root_cert
        return None if pem is None else Authorities(file=DATABASE_AUTHORITIES, pem=pem)

    def folder(self, name: str) -> Service:
        return find_folder(name, self.folders)

    def image(self, name: str) -> Image:
        if name not in self.images:
            self.images[name] = service_image(self.folder(name), self.config)
        return self.images[name]

    def prepare(
        self,
        name: str,
        database: ServiceDatabase | None,
        uses: Sequence[Use],
        settings: Environment | None,
    ) -> Use:
        """Return all settings, secrets and permissions of a service for any runtime."""
        expect_new("service", name, self.environments)
        own = [] if database is None else [Use(environment=database.environment)]
        more = [] if settings is None else [Use(environment=settings)]
        whole = combine_uses(name, [*own, *uses, *more])
        expect_settings(self.folder(name), whole.environment)
        self.environments[name] = whole.environment
        return whole

    def service(
        self,
        name: str,
        *,
        database: ServiceDatabase | None = None,
        uses: Sequence[Use] = (),
        settings: Environment | None = None,
        exposed: bool = False,
        paths: Sequence[str] = (),
    ) -> ContainerService:
        """Run the service of `services/{name}`.

        `uses` gives it settings, secrets and permissions together, `settings` what belongs to
        no part of the platform. Its pods start once its database is migrated. A gateway, if the
        stack has one, sends it the requests for `paths` and everything below them.
        """
        whole = self.prepare(name, database, uses, settings)
        own, health = self.config.service(name), self.folder(name).health
        network = self.config.network
        self.services[name] = ContainerService(
            self.full_name(name),
            ContainerServiceArgs(
                namespace=self.namespace.name,
                labels=LABELS,
                image=self.image(name).ref,
                environment=self.common_environment() | whole.environment,
                health=Health(port=health.port, live=health.live, ready=health.ready),
                resources=resources(own),
                min_replicas=own.min_replicas,
                max_replicas=own.max_replicas,
                role_arn=self.role_arn(name, whole.statements),
                callers=peers(network.caller_namespaces, network.caller_cidrs),
                scrapers=peers(network.metrics_namespaces, network.metrics_cidrs),
                calls=whole.calls,
                exposed=exposed or bool(paths),
                balanced=bool(paths and self.config.gateway),
                node_port=own.node_port,
                after=[] if database is None else [database.migration],
                rollout_seconds=own.rollout_seconds,
                patience=self.config.patience,
            ),
        )
        if exposed or paths:
            self.urls[name] = self.url(name, public=bool(paths))
        for path in paths:
            if path in self.routes:
                raise PartError(f"{name}: another service answers {path}; choose another path.")
            self.routes[path] = self.services[name]
        return self.services[name]

    def common_environment(self) -> Environment:
        """Return the environment of processes outside of AWS."""
        return Environment(
            values={
                "AWS_REGION": self.config.region,
                "AWS_DEFAULT_REGION": self.config.region,  # the variable that boto3 reads
                **self.config.workload_environment,
            }
        )

    def telemetry(self) -> dict[str, str]:
        """Return the OpenTelemetry settings for functions; Lambda sets the rest."""
        told = self.config.workload_environment
        return {name: value for name, value in told.items() if name.startswith("OTEL_")}

    def role_arn(self, name: str, statements: Sequence[Statement]) -> Output[str] | None:
        """Return the ARN of a role for the service account, or None without an OIDC provider."""
        if self.platform.existing.oidc_provider_arn is None:
            return None
        return ServiceRole(
            self.full_name(name),
            ServiceRoleArgs(
                oidc_provider_arn=self.platform.existing.oidc_provider_arn,
                namespace=self.config.namespace,
                service_account=self.full_name(name),
                statements=statements,
            ),
        ).arn

    def url(self, name: str, *, public: bool) -> str:
        """Return the address of a service at the gateway, or else in the cluster."""
        if given := self.config.service(name).public_url:
            return given
        if public and self.config.gateway:
            return self.config.gateway.url
        return f"http://{self.full_name(name)}.{self.config.namespace}.svc"

    def open_gateway(self) -> None:
        """Publish the paths of all services at the gateway, if the stack has one."""
        zone_id = self.platform.existing.zone_id
        if self.config.gateway is None or zone_id is None:
            return
        Gateway(
            self.full_name("gateway"),
            GatewayArgs(
                host=self.config.gateway.host,
                zone_id=zone_id,
                region=self.config.region,
                namespace=self.namespace.name,
                labels=LABELS,
                routes={path: service.name for path, service in self.routes.items()},
            ),
        )

    def exports(self, **more: Input[Any]) -> Exports:
        """Finish the program and return its outputs, with those in `more`."""
        self.finish()
        self.platform.finish()
        common = self.common_environment()
        return Exports(
            plain={
                "region": self.config.region,
                "namespace": self.namespace.name,
                **self.platform.outputs(),
                "urls": self.urls,
                "images": {name: image.ref for name, image in self.images.items()},
                **more,
            },
            secret={
                "databases": {each.name: each.connection for each in self.databases.values()},
                "service_settings": {
                    name: (common | own).plain_values() for name, own in self.environments.items()
                },
            },
        )
