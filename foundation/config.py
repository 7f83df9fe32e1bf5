"""What may differ between accounts. Everything else is code."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from infra.cluster_nodes import Architecture, expect_architecture
from stacks.config import Prefix
from stacks.networks import Cidr
from stacks.section import Section
from stacks.stack_file import Program
from stacks.unlock import Unlock

RoleArn = Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$")]
Version = Annotated[str, Field(pattern=r"^v[0-9]+\.[0-9]+\.[0-9]+-eksbuild\.[0-9]+$")]
InstanceType = Annotated[str, Field(pattern=r"^[a-z0-9-]+\.[a-z0-9]+$")]
# What holds data or opens it; the names are without that of the account.
DataName = Literal["cluster", "cluster-secrets", "state"]


class NetworkConfig(Section):
    cidr: Cidr
    zones: list[Annotated[str, Field(pattern=r"^[a-z0-9-]+[a-z]$")]] = Field(
        min_length=2, max_length=3
    )
    nat_gateways: Literal["one", "each-zone"] = "each-zone"
    flow_log_days: int = Field(default=30, ge=1)


class ClusterConfig(Section):
    version: str = Field(pattern=r"^1\.[0-9]+$")
    addons: dict[str, Version]
    public_cidrs: list[Cidr] = Field(default_factory=list)  # that reach its API from outside
    administrators: dict[str, RoleArn] = Field(default_factory=dict)  # besides the deploy role
    instance_types: list[InstanceType] = Field(min_length=1)
    architecture: Architecture = "x86_64"  # of nodes, and so of the platform's images
    least_nodes: int = Field(default=2, ge=1, le=100)
    most_nodes: int = Field(default=4, ge=1, le=100)
    disk: int = Field(default=50, ge=20)  # GiB of a node

    @model_validator(mode="after")
    def one_architecture(self) -> Self:
        expect_architecture(self.architecture, self.instance_types)
        return self


class StateConfig(Section):
    bucket: str | None = Field(default=None, pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")
    kept_days: int = Field(default=90, ge=7)  # of a version that was replaced


class DeploymentConfig(Section):
    """Who may provision the platform from GitHub."""

    repository: str = Field(pattern=r"^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$")
    environment: str = Field(pattern=r"^[A-Za-z0-9_.-]+$")
    provider_arn: str | None = None  # GitHub's in this account, if it has one


class UnlockConfig(Unlock):
    resource: DataName


class FoundationConfig(Section):
    region: str = Field(alias="aws:region", pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$")
    account: str = Field(pattern=r"^[0-9]{12}$")
    name: str = Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")  # of the cluster; begins all others
    platform_prefix: Prefix  # of what the deploy role may touch
    deletion_protection: bool = True  # of the cluster, the state and their keys
    unlock: UnlockConfig | None = None  # from that protection
    network: NetworkConfig
    cluster: ClusterConfig
    state: StateConfig = StateConfig()
    deployment: DeploymentConfig

    @property
    def prefix(self) -> str:
        return f"{self.name}-"

    def protects(self, name: str) -> bool:
        """Whether the resource of that name, without the account's, must stay as it is."""
        unlocked = self.unlock is not None and self.unlock.resource == name
        return self.deletion_protection and not unlocked


PROGRAM = Program(
    project="herald-foundation",
    config=FoundationConfig,
    packages=frozenset(),
    folder="foundation/",
)
