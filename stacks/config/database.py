"""Configures the database server: an existing one, or one on RDS."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from stacks.config.authorities import certificates_of_authorities, expect_checkable
from stacks.config.file_text import FileText, Secret
from stacks.config.networks import Port
from stacks.config.restore import ServerRestore
from stacks.config.section import Section

Authorities = Annotated[FileText, AfterValidator(certificates_of_authorities)]


class ExistingDatabase(Section):
    host: str = Field(min_length=1)  # name or address of the server
    port: Port = 5432  # of the server
    admin_user: str = "postgres"  # creates databases and roles
    admin_password: Secret  # of `adminUser`


class RdsDatabase(Section):
    identifier: str | None = Field(
        default=None, max_length=63, pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
    )
    version: int = Field(default=17, ge=13)  # major version
    allow_major_upgrade: bool = False  # let a higher `version` upgrade the server
    apply_immediately: bool = False  # do not wait for the maintenance window
    # Type of the instance.
    instance_class: str = Field(default="db.t4g.micro", pattern=r"^db\.[a-z0-9]+\.[a-z0-9]+$")
    multi_az: bool = True  # keep a standby in a second zone
    storage: int = Field(default=20, ge=20, le=65536)  # GiB
    max_storage: int = Field(default=100, ge=20, le=65536)  # GiB
    backup_days: int = Field(default=14, ge=1, le=35)  # for point-in-time recovery
    # More connections raise an alarm.
    alarm_connections: int = Field(default=80, ge=10)
    password: Literal["managed", "generated"] = "managed"  # of the administrator
    subnet_ids: list[str] = Field(default_factory=list)  # private, in at least two zones
    security_group_ids: list[str] = Field(default_factory=list)  # of the server
    restore: ServerRestore | None = None

    @model_validator(mode="after")
    def room_to_grow(self) -> Self:
        if self.max_storage < self.storage:
            raise ValueError(f"expected maxStorage of at least {self.storage}")
        return self


class DatabaseConfig(Section):
    """Names the database server: exactly one of the two."""

    existing: ExistingDatabase | None = None
    rds: RdsDatabase | None = None
    rotation: str | None = Field(
        default=None, pattern=r"^[A-Za-z0-9-]{1,32}$"
    )  # change it to rotate passwords
    ssl_mode: Literal["disable", "require", "verify-ca", "verify-full"] = "verify-full"  # of libpq
    ssl_root_cert: Authorities | None = None  # PEM certificates; part of the images

    @model_validator(mode="after")
    def one_server(self) -> Self:
        if (self.existing is None) == (self.rds is None):
            raise ValueError("expected either `existing` or `rds`")
        expect_checkable(self.ssl_mode, self.ssl_root_cert)
        return self
