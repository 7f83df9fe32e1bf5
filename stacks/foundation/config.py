"""Defines the configuration of a foundation."""

from ipaddress import IPv4Network
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from stacks.config.gateway import Zone
from stacks.config.networks import Cidr
from stacks.config.section import DefaultTags, Section
from stacks.config.stack import Prefix
from stacks.config.stack_file import Program
from stacks.config.unlock import Unlock

RoleArn = Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$")]
RETENTION_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)


def check_retention(days: int) -> int:
    """Accept only the values of `retentionInDays` that CloudWatch Logs supports."""
    if days not in RETENTION_DAYS:
        raise ValueError(f"expected one of {', '.join(map(str, RETENTION_DAYS))}")
    return days


LogDays = Annotated[int, AfterValidator(check_retention)]
# Resources that contain data or decrypt it, by their names without the account's.
DataName = Literal["cluster", "cluster-logs", "cluster-secrets", "state"]


class NetworkConfig(Section):
    cidr: Cidr  # /16 to /20; a load balancer needs /19 or larger, for public subnets of /27
    zones: list[Annotated[str, Field(pattern=r"^[a-z0-9-]+[a-z]$")]] = Field(
        min_length=2, max_length=3
    )
    nat_gateways: Literal["one", "each-zone"] = "each-zone"
    flow_log_days: LogDays = 30


class ClusterConfig(Section):
    version: str = Field(pattern=r"^1\.[0-9]+$")  # nodes and add-ons follow it
    public_cidrs: list[Cidr] = Field(
        default_factory=list
    )  # that reach its API from outside the network
    administrators: dict[str, RoleArn] = Field(
        default_factory=dict
    )  # in addition to the deploy role
    log_days: LogDays = 90  # of the control plane, pods and nodes


class StateConfig(Section):
    bucket: str | None = Field(default=None, pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")
    kept_days: int = Field(default=90, ge=7)  # days for replaced versions


class DeploymentConfig(Section):
    """Names the GitHub workflows that may provision the platform."""

    repository: str = Field(pattern=r"^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$")
    environment: str = Field(pattern=r"^[A-Za-z0-9_.-]+$")
    provider_arn: str | None = None  # existing OIDC provider of GitHub, if any


class UnlockConfig(Unlock):
    resource: DataName


class FoundationConfig(Section):
    region: str = Field(alias="aws:region", pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$")
    account: str = Field(pattern=r"^[0-9]{12}$")
    name: str = Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")  # of the cluster; starts all other names
    platform_prefix: Prefix  # of what the deploy role may touch
    deletion_protection: bool = True  # lock the cluster and its key; the state is always locked
    unlock: UnlockConfig | None = None  # unlocks one resource
    network: NetworkConfig
    cluster: ClusterConfig
    state: StateConfig = StateConfig()
    deployment: DeploymentConfig
    zone: Zone | None = None  # of Route 53; the deploy role may change its records
    default_tags: DefaultTags = Field(default=DefaultTags(), alias="aws:defaultTags")

    @field_validator("zone")
    @classmethod
    def check_public_subnets(cls, zone: Zone | None, info: ValidationInfo) -> Zone | None:
        """Require public subnets of /27, the smallest for a load balancer."""
        network = info.data.get("network")
        if zone and network and IPv4Network(network.cidr).prefixlen > 19:
            raise ValueError(
                "expected a network.cidr of /19 or larger, because a load balancer needs public "
                f"subnets of /27; got {network.cidr}; change the cidr, or remove the zone"
            )
        return zone

    @field_validator("platform_prefix")
    @classmethod
    def check_prefix(cls, platform_prefix: str, info: ValidationInfo) -> str:
        """Keep the foundation's roles out of reach of the deploy role, which uses the prefix."""
        if (own := f"{info.data.get('name')}-").startswith(platform_prefix):
            raise ValueError(
                f"expected a prefix with which the foundation's own prefix {own} does not start; "
                f"got {platform_prefix}"
            )
        return platform_prefix

    @field_validator("network")
    @classmethod
    def check_zones(cls, network: NetworkConfig, info: ValidationInfo) -> NetworkConfig:
        region = info.data.get("region")
        if others := [zone for zone in network.zones if zone[:-1] != region]:
            raise ValueError(f"expected zones of {region}; got {', '.join(others)}")
        return network

    @property
    def prefix(self) -> str:
        return f"{self.name}-"

    def protects(self, name: str) -> bool:
        """Return True if the resource with this name, without the prefix, is locked.

        The bucket contains the state of the update that would delete it, and its key decrypts the
        state. So both are locked until the configuration unlocks them by name.
        """
        if self.unlock is not None and self.unlock.resource == name:
            return False
        return self.deletion_protection or name == "state"


PROGRAM = Program(
    project="herald-foundation",
    config=FoundationConfig,
    packages=frozenset(),
    folder="stacks/foundation/",
)
