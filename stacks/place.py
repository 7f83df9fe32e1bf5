"""Where a platform lies: a network and a cluster of a foundation, or named by their ids."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from stacks.section import Section


class AccessConfig(Section):
    oidc_provider_arn: str = Field(pattern=r"^arn:aws[a-z-]*:iam::[0-9]{12}:oidc-provider/.+$")
    permissions_boundary_arn: str | None = Field(
        default=None, pattern=r"^arn:aws[a-z-]*:iam::[0-9]{12}:policy/.+$"
    )  # of every role


class FoundationReference(Section):
    """The stack of the program in `foundation/` that made the account's network and cluster."""

    stack: str = Field(pattern=r"^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$")


def expect_one_place(foundation: FoundationReference | None, others: Mapping[str, Any]) -> None:
    """Both come from the foundation or by their ids, never from both."""
    server = getattr(others.get("database"), "rds", None)
    scheduler = others.get("scheduler")
    by_id = {
        "database.rds.subnetIds": server and server.subnet_ids,
        "database.rds.securityGroupIds": server and server.security_group_ids,
        "scheduler.subnetIds": scheduler and scheduler.subnet_ids,
        "scheduler.securityGroupIds": scheduler and scheduler.security_group_ids,
        "access": others.get("access"),
    }
    given = [name for name, value in by_id.items() if value]
    if foundation is not None and given:
        raise ValueError(f"expected no {', '.join(given)} besides it, for it tells them")
    if foundation is None and server and not (server.subnet_ids and server.security_group_ids):
        raise ValueError(
            "expected the stack of a foundation, or else subnetIds and securityGroupIds in "
            "database.rds"
        )
