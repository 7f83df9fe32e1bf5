"""What may differ between environments. Everything else is code."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from stacks.authorities import certificates_of_authorities, expect_checkable, expect_region
from stacks.identity import IdentityConfig
from stacks.networks import DnsLabel, NetworkConfig, Port
from stacks.place import AccessConfig, FoundationReference, expect_one_place
from stacks.quota import Cpu, Memory, QuotaConfig, amount
from stacks.section import Section
from stacks.unlock import UnlockConfig

ROOT = Path(__file__).parent.parent
ServiceName = Literal[
    "reminder-service", "event-service", "notification-scheduler", "notification-service"
]
Prefix = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]{0,14}-$")]
ImageTag = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$")]
DIGEST = re.compile(r"@sha256:[0-9a-f]{64}$")
OWN_MACHINE = ("localhost:", "127.0.0.1:")
VariableName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
# Mail programs post to https alone; http is for a machine's own address.
PublicAddress = Annotated[
    str, Field(pattern=r"^(https://[^\s/?#]+|http://127\.0\.0\.1(:[0-9]+)?)/[^\s?#]+$")
]
EmailAddress = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]


def read_file(given: Any) -> Any:
    """`{fromFile: path}` stands for the file's text; the path starts at the project's folder."""
    if not isinstance(given, dict):
        return given
    if set(given) != {"fromFile"} or not isinstance(given["fromFile"], str):
        raise ValueError("expected text, or {fromFile: PATH}")
    file = ROOT / given["fromFile"]
    try:
        text = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"expected a readable text file at {file}") from error
    if not text:
        raise ValueError(f"expected text in the file {file}, which is empty")
    return text


FileText = Annotated[str, BeforeValidator(read_file)]
Authorities = Annotated[FileText, AfterValidator(certificates_of_authorities)]
Secret = Annotated[SecretStr, BeforeValidator(read_file), Field(min_length=1)]


class RepositoriesConfig(Section):
    kept_images: int = Field(default=100, ge=10, le=1000)  # of each service


class ImagesConfig(Section):
    registry: str = Field(min_length=1)  # with a path, if its repositories have one
    base: str = Field(min_length=1)  # Python 3.11 or newer, with its venv module; by digest
    builder: str | None = None  # of buildx; the default one when none
    ca_bundle: FileText | None = None  # certificates that pip must trust during a build, too
    compression: Literal["gzip", "zstd", "uncompressed"] | None = None  # of new layers
    platforms: list[Literal["linux/amd64", "linux/arm64"]] = Field(default_factory=list)
    cache: bool = False  # whether layers are kept in the registry, for builders without a disk
    repositories: RepositoriesConfig | None = (
        None  # made in the registry, which is of ECR, if given
    )

    @field_validator("base")
    @classmethod
    def by_digest(cls, base: str) -> str:
        """A tag names another image tomorrow; one of this machine's registry was built here."""
        if not DIGEST.search(base) and not base.startswith(OWN_MACHINE):
            raise ValueError(
                "expected an image by its digest, NAME:TAG@sha256:…, which `docker buildx "
                f"imagetools inspect {base}` prints"
            )
        return base

    @model_validator(mode="after")
    def tags_that_never_move(self) -> Self:
        if self.repositories is not None and ".dkr.ecr." not in self.registry:
            raise ValueError("expected no repositories, for the registry is not of ECR")
        if self.repositories is not None and self.cache:
            raise ValueError("expected no cache, for the tags of repositories never move")
        return self


class MessagingConfig(Section):
    visibility_timeout: int = Field(default=60, ge=10, le=43200)  # seconds
    max_receives: int = Field(default=5, ge=1, le=1000)
    max_age: int = Field(default=300, ge=60)  # seconds that a message waits before the alarm


class ExistingDatabase(Section):
    host: str = Field(min_length=1)
    port: Port = 5432
    admin_user: str = "postgres"
    admin_password: Secret


class RdsDatabase(Section):
    identifier: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")
    instance_class: str = Field(default="db.t4g.micro", pattern=r"^db\.[a-z0-9]+\.[a-z0-9]+$")
    multi_az: bool = True
    storage: int = Field(default=20, ge=20, le=65536)  # GiB
    max_storage: int = Field(default=100, ge=20, le=65536)  # GiB
    backup_days: int = Field(default=14, ge=1, le=35)
    alarm_connections: int = Field(default=80, ge=10)
    password: Literal["managed", "generated"] = "managed"  # the administrator's
    subnet_ids: list[str] = Field(default_factory=list)  # private, in two zones
    security_group_ids: list[str] = Field(default_factory=list)


class DatabaseConfig(Section):
    """Exactly one of the two."""

    existing: ExistingDatabase | None = None
    rds: RdsDatabase | None = None
    rotation: str | None = Field(default=None, pattern=r"^[A-Za-z0-9-]{1,32}$")  # of passwords
    ssl_mode: Literal["disable", "require", "verify-ca", "verify-full"] = "verify-full"
    ssl_root_cert: Authorities | None = None  # PEM, part of the images

    @model_validator(mode="after")
    def one_server(self) -> Self:
        if (self.existing is None) == (self.rds is None):
            raise ValueError("expected either `existing` or `rds`")
        expect_checkable(self.ssl_mode, self.ssl_root_cert)
        return self


class EmailConfig(Section):
    sender: EmailAddress
    domain: str | None = None  # verified with DKIM; only the address is verified when none
    smtp_url: Secret | None = None  # of a mail server for when SES takes no e-mail
    unsubscribe_url: PublicAddress | None = None  # of notification-service's /unsubscribe

    @model_validator(mode="after")
    def sender_of_domain(self) -> Self:
        if self.domain is not None and not self.sender.endswith(f"@{self.domain}"):
            raise ValueError(f"expected a sender that ends in @{self.domain}")
        return self


class PushConfig(Section):
    url: str = Field(default="https://fcm.googleapis.com", pattern=r"^https?://[^\s/]+$")
    credentials: Secret  # JSON key of a Google service account


class SchedulerConfig(Section):
    runtime: Literal["deployment", "lambda"]
    subnet_ids: list[str] | None = None  # of the function, from where it reaches the database
    security_group_ids: list[str] = Field(default_factory=list)


class ServiceConfig(Section):
    min_replicas: int = Field(default=1, ge=1, le=100)
    max_replicas: int = Field(default=1, ge=1, le=100)
    cpu_request: Cpu = "100m"
    cpu_limit: Cpu = "1"
    memory_request: Memory = "128Mi"
    memory_limit: Memory = "256Mi"
    node_port: int | None = Field(default=None, ge=30000, le=32767)
    public_url: str | None = Field(default=None, pattern=r"^https?://[^\s/]+$")  # at the gateway
    rollout_seconds: int = Field(default=300, ge=10, le=3600)  # until the new pods must be ready

    @model_validator(mode="after")
    def bounds(self) -> Self:
        if self.max_replicas < self.min_replicas:
            raise ValueError(f"expected maxReplicas of at least {self.min_replicas}")
        if amount(self.cpu_request) > amount(self.cpu_limit):
            raise ValueError(f"expected cpuLimit of at least {self.cpu_request}")
        if amount(self.memory_request) > amount(self.memory_limit):
            raise ValueError(f"expected memoryLimit of at least {self.memory_request}")
        return self


class StackConfig(Section):
    region: str = Field(alias="aws:region", pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$")
    account: str = Field(pattern=r"^[0-9]{12}$")
    namespace: DnsLabel
    prefix: Prefix
    version: ImageTag
    deletion_protection: bool = True  # of databases, tables, queues and keys
    unlock: UnlockConfig | None = None  # from that protection
    images: ImagesConfig
    messaging: MessagingConfig = MessagingConfig()
    database: DatabaseConfig
    email: EmailConfig
    push: PushConfig
    identity: IdentityConfig | None = None  # the gateway's headers say who calls when none
    scheduler: SchedulerConfig
    services: dict[ServiceName, ServiceConfig] = Field(default_factory=dict)
    network: NetworkConfig
    quota: QuotaConfig = QuotaConfig()
    access: AccessConfig | None = None  # pods act as workload_environment says when none
    foundation: FoundationReference | None = Field(default=None, validate_default=True)
    workload_environment: dict[VariableName, str] = Field(default_factory=dict)
    alarm_emails: list[EmailAddress] = Field(default_factory=list)

    @field_validator("services")
    @classmethod
    def ports_of_their_own(
        cls, services: dict[ServiceName, ServiceConfig]
    ) -> dict[ServiceName, ServiceConfig]:
        ports = [each.node_port for each in services.values() if each.node_port]
        if len(set(ports)) < len(ports):
            raise ValueError("expected a nodePort of its own for each service")
        return services

    @field_validator("database")
    @classmethod
    def of_the_region(cls, database: DatabaseConfig, info: ValidationInfo) -> DatabaseConfig:
        if database.rds and database.ssl_root_cert and "region" in info.data:
            expect_region(info.data["region"], database.ssl_root_cert)
        return database

    @field_validator("unlock")
    @classmethod
    def locked(cls, unlock: UnlockConfig | None, info: ValidationInfo) -> UnlockConfig | None:
        if unlock is not None and info.data.get("deletion_protection") is False:
            raise ValueError("expected no unlock, for deletionProtection is false")
        return unlock

    @field_validator("foundation")
    @classmethod
    def one_place(
        cls, foundation: FoundationReference | None, info: ValidationInfo
    ) -> FoundationReference | None:
        expect_one_place(foundation, info.data)
        return foundation

    def protects(self, name: str) -> bool:
        """Whether the resource of that name, without prefix, must stay as it is."""
        unlocked = self.unlock is not None and self.unlock.resource == name
        return self.deletion_protection and not unlocked

    def service(self, name: ServiceName) -> ServiceConfig:
        return self.services.get(name, ServiceConfig())
