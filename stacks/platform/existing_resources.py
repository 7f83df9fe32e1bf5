"""Reads the network, cluster and roles of a platform from the foundation or the configuration."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi import Input, Output
from pydantic import ValidationError

from stacks.config.gateway import Zone
from stacks.config.project import PROJECT
from stacks.config.stack import StackConfig
from stacks.outputs.foundation import FoundationOutputs


class FoundationError(pulumi.RunError):
    """Reports a foundation that does not fit; the message names stack, output and remedy."""


@dataclass(frozen=True, kw_only=True)
class ExistingResources:
    """Contains the network, cluster and roles that the platform uses."""

    database_subnet_ids: Sequence[Input[str]] | Input[Sequence[str]]
    database_security_group_ids: Sequence[Input[str]] | Input[Sequence[str]]
    function_subnet_ids: Sequence[Input[str]] | Input[Sequence[str]] | None
    function_security_group_ids: Sequence[Input[str]] | Input[Sequence[str]]
    oidc_provider_arn: Input[str] | None  # pods act as workload_environment says when none
    permissions_boundary_arn: Input[str] | None  # of every role
    metrics_workspace_id: Input[str] | None  # of Prometheus; no alert rules when none
    zone_id: Input[str] | None  # of the gateway


def read_existing_resources(config: StackConfig) -> ExistingResources:
    if config.foundation is None:
        return read_ids(config)
    stack = config.foundation.stack
    reference = pulumi.StackReference(stack)
    outputs: Output[FoundationOutputs] = reference.outputs.apply(
        lambda given: validate(stack, given, config)
    )
    return ExistingResources(
        database_subnet_ids=outputs.apply(lambda each: each.database_subnet_ids),
        database_security_group_ids=[outputs.apply(lambda each: each.database_security_group_id)],
        function_subnet_ids=outputs.apply(lambda each: each.private_subnet_ids),
        function_security_group_ids=[outputs.apply(lambda each: each.function_security_group_id)],
        oidc_provider_arn=outputs.apply(lambda each: each.oidc_provider_arn),
        permissions_boundary_arn=outputs.apply(lambda each: each.permissions_boundary_arn),
        metrics_workspace_id=outputs.apply(lambda each: each.metrics_workspace_id),
        zone_id=outputs.apply(lambda each: each.zone.id if each.zone else ""),
    )


def read_ids(config: StackConfig) -> ExistingResources:
    server, access = config.database.rds, config.access
    zone = config.gateway.zone if config.gateway else None
    return ExistingResources(
        database_subnet_ids=server.subnet_ids if server else [],
        database_security_group_ids=server.security_group_ids if server else [],
        function_subnet_ids=config.scheduler.subnet_ids,
        function_security_group_ids=config.scheduler.security_group_ids,
        oidc_provider_arn=access.oidc_provider_arn if access else None,
        permissions_boundary_arn=access.permissions_boundary_arn if access else None,
        metrics_workspace_id=config.metrics_workspace_id,
        zone_id=zone.id if zone else None,
    )


def validate(stack: str, given: Mapping[str, Any], config: StackConfig) -> FoundationOutputs:
    try:
        outputs = FoundationOutputs.model_validate(given)
    except ValidationError as error:
        problems = error.errors()
        keys = ", ".join(sorted({str(problem["loc"][0]) for problem in problems}))
        raise FoundationError(
            f"Stack {stack} does not have the expected outputs ({keys}); "
            f"run `pulumi up` in stacks/foundation/, of the same version of this project, first."
        ) from None
    for key, expected in (("account", config.account), ("region", config.region)):
        if (came := getattr(outputs, key)) != expected:
            raise FoundationError(
                f"Stack {stack} is of {key} {came}, but this stack is of {expected}; "
                f"name the foundation of its own account and region in {PROJECT}:foundation.stack."
            )
    expect_access(stack, outputs, config)
    expect_zone(stack, outputs.zone, config)
    return outputs


def expect_access(stack: str, outputs: FoundationOutputs, config: StackConfig) -> None:
    """Require names and tags that the deploy role may change; administrators may change all."""
    expected = {
        f"{PROJECT}:prefix": (outputs.platform_prefix, config.prefix),
        "the tag `system` in aws:defaultTags": (
            outputs.platform_system,
            config.default_tags.tags.get("system"),
        ),
    }
    for key, (granted, found) in expected.items():
        if found != granted:
            raise FoundationError(
                f"The deploy role of stack {stack} may change resources where {key} is {granted}, "
                f"but here it is {found}; use {granted}, or change the foundation."
            )


def expect_zone(stack: str, zone: Zone | None, config: StackConfig) -> None:
    """Require a host in the foundation's zone; the deploy role may change only that zone."""
    if config.gateway is None or (zone is not None and zone.contains(config.gateway.host)):
        return
    found = "has no zone" if zone is None else f"has the zone {zone.name}"
    raise FoundationError(
        f"Stack {stack} {found}, but {PROJECT}:gateway.host is {config.gateway.host}; set "
        "herald-foundation:zone to the zone of the host and update the foundation."
    )
