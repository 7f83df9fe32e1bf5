"""Defines the outputs of the foundation, which the platform reads."""

from pydantic import Field

from stacks.config.gateway import Zone
from stacks.outputs.models import Outputs

VERSION = 2  # of the model; grows when an output disappears or changes its meaning


class FoundationOutputs(Outputs):
    """Describes the outputs of the program in `stacks/foundation/`."""

    region: str
    account: str = Field(pattern=r"^[0-9]{12}$")
    platform_prefix: str  # of what the deploy role may change
    platform_system: str  # the tag `system` of keys that the deploy role may change
    vpc_id: str
    vpc_cidr: str
    private_subnet_ids: list[str] = Field(min_length=2)
    public_subnet_ids: list[str] = Field(min_length=2)
    database_subnet_ids: list[str] = Field(min_length=2)
    database_security_group_id: str
    function_security_group_id: str
    cluster_name: str
    oidc_provider_arn: str
    permissions_boundary_arn: str
    metrics_workspace_id: str
    deploy_role_arn: str
    drift_role_arn: str
    state_bucket: str
    state_key_arn: str
    zone: Zone | None = None  # of Route 53, where the deploy role may change records
