"""Configures the network and cluster of a platform: from a foundation, or by ids."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from stacks.config.section import Section


class AccessConfig(Section):
    # Provider of the cluster, whose tokens let pods assume roles.
    oidc_provider_arn: str = Field(pattern=r"^arn:aws[a-z-]*:iam::[0-9]{12}:oidc-provider/.+$")
    permissions_boundary_arn: str | None = Field(
        default=None, pattern=r"^arn:aws[a-z-]*:iam::[0-9]{12}:policy/.+$"
    )  # of all roles


class FoundationReference(Section):
    """Names the stack of `stacks/foundation/` that created the account's network and cluster."""

    # `ORGANIZATION/PROJECT/STACK`
    stack: str = Field(pattern=r"^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$")


def expect_one_source(foundation: FoundationReference | None, others: Mapping[str, Any]) -> None:
    """Require network and cluster either from the foundation or by ids."""
    server = getattr(others.get("database"), "rds", None)
    scheduler = others.get("scheduler")
    by_id = {
        "database.rds.subnetIds": server and server.subnet_ids,
        "database.rds.securityGroupIds": server and server.security_group_ids,
        "scheduler.subnetIds": scheduler and scheduler.subnet_ids,
        "scheduler.securityGroupIds": scheduler and scheduler.security_group_ids,
        "access": others.get("access"),
        "metricsWorkspaceId": others.get("metrics_workspace_id"),
        "gateway.zone": getattr(others.get("gateway"), "zone", None),
    }
    given = [name for name, value in by_id.items() if value]
    if foundation is not None and given:
        raise ValueError(f"expected no {', '.join(given)} with a foundation")
    if foundation is None and others.get("gateway") and not by_id["gateway.zone"]:
        raise ValueError("expected the stack of a foundation, or else gateway.zone")
    if foundation is None and server and not (server.subnet_ids and server.security_group_ids):
        raise ValueError(
            "expected the stack of a foundation, or subnetIds and securityGroupIds in database.rds"
        )


def expect_own_registry(foundation: FoundationReference | None, others: Mapping[str, Any]) -> None:
    """Require a registry of the account if it is on ECR, where the deploy role may push images.

    Repositories may have the prefix of the environment as their path, without its hyphen.
    """
    images, prefix = others.get("images"), str(others.get("prefix")).removesuffix("-")
    account, region = others.get("account"), others.get("region")
    if foundation is None or images is None or not images.is_on_ecr:
        return
    if account is None or region is None:  # their own checks report them
        return
    own = f"{account}.dkr.ecr.{region}.amazonaws.com"
    if images.registry not in (own, f"{own}/{prefix}"):
        raise ValueError(
            f"expected images.registry {own} or {own}/{prefix}, where its deploy role may push"
        )
