"""Defines the configuration of a stack. All other differences are code."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from stacks.config.authorities import expect_region
from stacks.config.database import DatabaseConfig
from stacks.config.file_text import Secret
from stacks.config.foundation import (
    AccessConfig,
    FoundationReference,
    expect_one_source,
    expect_own_registry,
)
from stacks.config.gateway import GatewayConfig, expect_protected
from stacks.config.identity import IdentityConfig
from stacks.config.images import ImagesConfig
from stacks.config.networks import DnsLabel, NetworkConfig
from stacks.config.patience import Patience
from stacks.config.project import PROJECT
from stacks.config.quota import Cpu, Memory, QuotaConfig, amount
from stacks.config.restore import TableRestore
from stacks.config.section import DefaultTags, Section
from stacks.config.services import find_services
from stacks.config.unlock import Unlock


def expect_service(name: str) -> str:
    """Reject unknown services, whose settings would have no effect."""
    if name not in (known := find_services()):
        raise ValueError(f"expected a folder of services/ ({', '.join(known)})")
    return name


ServiceName = Annotated[str, AfterValidator(expect_service)]
Prefix = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]{0,14}-$")]
ImageTag = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$")]
VariableName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
# Mail programs require https; http is for addresses of this machine.
PublicAddress = Annotated[
    str, Field(pattern=r"^(https://[^\s/?#]+|http://127\.0\.0\.1(:[0-9]+)?)/[^\s?#]+$")
]
EmailAddress = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]


class MessagingConfig(Section):
    visibility_timeout: int = Field(default=60, ge=10, le=43200)  # seconds
    # Receives of a message before it moves to the dead-letter queue.
    max_receives: int = Field(default=5, ge=1, le=1000)
    max_age: int = Field(default=300, ge=60)  # seconds a message may wait before the alarm


class EmailConfig(Section):
    sender: EmailAddress  # address in the From header
    domain: str | None = None  # verified with DKIM; if unset, only the address is
    smtp_url: Secret | None = None  # mail server used while SES is away
    unsubscribe_url: PublicAddress | None = (
        None  # public address of /unsubscribe, if not at the gateway
    )
    # A higher one makes a new key for links; those of the key before stay valid.
    unsubscribe_key_number: int = Field(default=1, ge=1)

    @model_validator(mode="after")
    def sender_of_domain(self) -> Self:
        if self.domain is not None and not self.sender.endswith(f"@{self.domain}"):
            raise ValueError(f"expected a sender that ends in @{self.domain}")
        return self


class PushConfig(Section):
    # Address of FCM.
    url: str = Field(default="https://fcm.googleapis.com", pattern=r"^https?://[^\s/]+$")
    credentials: Secret  # JSON key of a Google service account


class SchedulerConfig(Section):
    # A Deployment, or a Lambda function that runs every minute.
    runtime: Literal["deployment", "lambda"]
    subnet_ids: list[str] | None = None  # of the function, with access to the database
    security_group_ids: list[str] = Field(default_factory=list)  # of the function


class ServiceConfig(Section):
    min_replicas: int = Field(default=1, ge=1, le=100)  # least number of pods
    max_replicas: int = Field(default=1, ge=1, le=100)  # largest number of pods
    cpu_request: Cpu = "100m"  # reserved for each pod
    cpu_limit: Cpu = "1"  # of each pod
    memory_request: Memory = "128Mi"  # reserved for each pod
    memory_limit: Memory = "256Mi"  # of each pod
    # Opens the service at this port of every node.
    node_port: int | None = Field(default=None, ge=30000, le=32767)
    public_url: str | None = Field(
        default=None, pattern=r"^https?://[^\s/]+$"
    )  # address at the gateway
    # Seconds for new pods to become ready
    rollout_seconds: int = Field(default=300, ge=10, le=3600)

    @model_validator(mode="after")
    def bounds(self) -> Self:
        if self.max_replicas < self.min_replicas:
            raise ValueError(f"expected maxReplicas of at least {self.min_replicas}")
        if amount(self.cpu_request) > amount(self.cpu_limit):
            raise ValueError(f"expected cpuLimit of at least {self.cpu_request}")
        if amount(self.memory_request) > amount(self.memory_limit):
            raise ValueError(f"expected memoryLimit of at least {self.memory_request}")
        return self


class NodesConfig(Section):
    """Configures the nodes that EKS Auto Mode starts for the platforms of the images."""

    most_cpus: int = Field(ge=2, le=1000)  # virtual processors of all nodes together


class StackConfig(Section):
    # Region of the resources.
    region: str = Field(alias="aws:region", pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$")
    account: str = Field(pattern=r"^[0-9]{12}$")  # the only account that updates may change
    namespace: DnsLabel  # Kubernetes namespace of the environment
    prefix: Prefix  # starts the name of each resource, for example `dev-`
    version: ImageTag  # tag of the images, before the prefix
    deletion_protection: bool = True  # lock databases, tables, queues and keys
    unlock: Unlock | None = None  # unlocks one resource
    images: ImagesConfig  # how images are built and where they are stored
    messaging: MessagingConfig = MessagingConfig()
    database: DatabaseConfig  # exactly one of `existing` and `rds`
    restored_tables: dict[str, TableRestore] = Field(default_factory=dict)  # by the name of a table
    email: EmailConfig  # sender of e-mails through SES
    push: PushConfig  # FCM
    identity: IdentityConfig | None = None  # if unset, headers of the gateway
    scheduler: SchedulerConfig  # where notification-scheduler runs
    services: dict[ServiceName, ServiceConfig] = Field(default_factory=dict)
    # Factor for the seconds that pods, probes and migrations may take; slow machines need more
    patience: Patience = 1
    network: NetworkConfig  # what pods may reach, and who may reach them
    gateway: GatewayConfig | None = None  # if unset, only callers of `network` reach services
    nodes: NodesConfig | None = None  # if unset, the cluster has nodes of its own
    quota: QuotaConfig = QuotaConfig()
    access: AccessConfig | None = None  # if unset, workloadEnvironment
    # Of Amazon Managed Prometheus; the foundation has one. If unset, there are no alert rules.
    metrics_workspace_id: str | None = Field(default=None, pattern=r"^ws-[0-9a-f-]{36}$")
    foundation: FoundationReference | None = Field(default=None, validate_default=True)
    # Variables of all pods and of the function.
    workload_environment: dict[VariableName, str] = Field(default_factory=dict)
    # Addresses that get alarms after they confirm a subscription.
    alarm_emails: list[EmailAddress] = Field(default_factory=list)
    default_tags: DefaultTags = Field(default=DefaultTags(), alias="aws:defaultTags")

    @field_validator("services")
    @classmethod
    def ports_of_their_own(cls, services: dict[str, ServiceConfig]) -> dict[str, ServiceConfig]:
        ports = [each.node_port for each in services.values() if each.node_port]
        if len(set(ports)) < len(ports):
            raise ValueError("expected a different nodePort for each service")
        return services

    @field_validator("database")
    @classmethod
    def of_the_region(cls, database: DatabaseConfig, info: ValidationInfo) -> DatabaseConfig:
        if database.rds and database.ssl_root_cert and "region" in info.data:
            expect_region(info.data["region"], database.ssl_root_cert)
        return database

    @field_validator("unlock")
    @classmethod
    def locked(cls, unlock: Unlock | None, info: ValidationInfo) -> Unlock | None:
        if unlock is not None and info.data.get("deletion_protection") is False:
            raise ValueError("expected no `unlock`, because deletionProtection is false")
        return unlock

    @field_validator("network")
    @classmethod
    def callers_are_known(cls, network: NetworkConfig, info: ValidationInfo) -> NetworkConfig:
        """Reject public callers without tokens, because they could forge headers."""
        public = network.public_caller()
        if public is not None and "identity" in info.data and info.data["identity"] is None:
            raise ValueError(
                f"callerCidrs has {public}, which is not private. Without {PROJECT}:identity, "
                f"services trust the headers of every caller; set {PROJECT}:identity, or name "
                "private networks only"
            )
        return network

    @field_validator("gateway")
    @classmethod
    def callers_have_tokens(
        cls, gateway: GatewayConfig | None, info: ValidationInfo
    ) -> GatewayConfig | None:
        if gateway is not None:
            expect_protected(gateway, info.data)
        return gateway

    @field_validator("nodes")
    @classmethod
    def of_known_processors(
        cls, nodes: NodesConfig | None, info: ValidationInfo
    ) -> NodesConfig | None:
        images = info.data.get("images")
        if nodes is not None and images is not None and not images.platforms:
            raise ValueError("expected images.platforms to name the processors of the nodes")
        return nodes

    @field_validator("scheduler")
    @classmethod
    def layers_that_lambda_reads(
        cls, scheduler: SchedulerConfig, info: ValidationInfo
    ) -> SchedulerConfig:
        compression = getattr(info.data.get("images"), "compression", None)
        if scheduler.runtime == "lambda" and compression in ("zstd", "uncompressed"):
            raise ValueError(
                f"expected images.compression gzip, because Lambda cannot read {compression}"
            )
        return scheduler

    @field_validator("foundation")
    @classmethod
    def one_place(
        cls, foundation: FoundationReference | None, info: ValidationInfo
    ) -> FoundationReference | None:
        expect_one_source(foundation, info.data)
        expect_own_registry(foundation, info.data)
        return foundation

    def protects(self, name: str) -> bool:
        """Return True if the resource is locked; the name has no prefix."""
        unlocked = self.unlock is not None and self.unlock.resource == name
        return self.deletion_protection and not unlocked

    def service(self, name: str) -> ServiceConfig:
        return self.services.get(name, ServiceConfig())
