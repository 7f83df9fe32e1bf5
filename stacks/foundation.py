"""The place that a platform is provisioned in, told by another stack or by the configuration."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pulumi
from pulumi import Input, Output
from pydantic import Field, ValidationError

from stacks.config import StackConfig
from stacks.outputs import Outputs

VERSION = 1  # of the model: one more when an output goes or changes its meaning
PLATFORMS = {"x86_64": "linux/amd64", "arm64": "linux/arm64"}  # as images name architectures


class FoundationOutputs(Outputs):
    """What the program in `foundation/` tells."""

    region: str
    account: str = Field(pattern=r"^[0-9]{12}$")
    vpc_id: str
    vpc_cidr: str
    private_subnet_ids: list[str] = Field(min_length=2)
    public_subnet_ids: list[str] = Field(min_length=2)
    database_subnet_ids: list[str] = Field(min_length=2)
    database_security_group_id: str
    function_security_group_id: str
    cluster_name: str
    node_architecture: Literal["x86_64", "arm64"] = "x86_64"
    oidc_provider_arn: str
    permissions_boundary_arn: str
    deploy_role_arn: str
    drift_role_arn: str
    state_bucket: str
    state_key_arn: str


class FoundationError(pulumi.RunError):
    """The foundation does not fit; the message names stack, output and what to do."""


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What the platform is put into, with what of it each part needs."""

    database_subnet_ids: Sequence[Input[str]] | Input[Sequence[str]]
    database_security_group_ids: Sequence[Input[str]] | Input[Sequence[str]]
    function_subnet_ids: Sequence[Input[str]] | Input[Sequence[str]] | None
    function_security_group_ids: Sequence[Input[str]] | Input[Sequence[str]]
    oidc_provider_arn: Input[str] | None  # pods act as workload_environment says when none
    permissions_boundary_arn: Input[str] | None  # of every role


def surroundings(config: StackConfig) -> Surroundings:
    if config.foundation is None:
        return given_by_id(config)
    stack = config.foundation.stack
    reference = pulumi.StackReference(stack)
    outputs: Output[FoundationOutputs] = reference.outputs.apply(
        lambda given: checked(stack, given, config)
    )
    return Surroundings(
        database_subnet_ids=outputs.apply(lambda each: each.database_subnet_ids),
        database_security_group_ids=[outputs.apply(lambda each: each.database_security_group_id)],
        function_subnet_ids=outputs.apply(lambda each: each.private_subnet_ids),
        function_security_group_ids=[outputs.apply(lambda each: each.function_security_group_id)],
        oidc_provider_arn=outputs.apply(lambda each: each.oidc_provider_arn),
        permissions_boundary_arn=outputs.apply(lambda each: each.permissions_boundary_arn),
    )


def given_by_id(config: StackConfig) -> Surroundings:
    server, access = config.database.rds, config.access
    return Surroundings(
        database_subnet_ids=server.subnet_ids if server else [],
        database_security_group_ids=server.security_group_ids if server else [],
        function_subnet_ids=config.scheduler.subnet_ids,
        function_security_group_ids=config.scheduler.security_group_ids,
        oidc_provider_arn=access.oidc_provider_arn if access else None,
        permissions_boundary_arn=access.permissions_boundary_arn if access else None,
    )


def checked(stack: str, given: Mapping[str, Any], config: StackConfig) -> FoundationOutputs:
    try:
        outputs = FoundationOutputs.model_validate(given)
    except ValidationError as error:
        problems = error.errors()
        keys = ", ".join(sorted({str(problem["loc"][0]) for problem in problems}))
        raise FoundationError(
            f"Stack {stack} does not have the expected outputs ({keys}); "
            f"run `pulumi up` in foundation/, of the same version of this project, first."
        ) from None
    for key, expected in (("account", config.account), ("region", config.region)):
        if (came := getattr(outputs, key)) != expected:
            raise FoundationError(
                f"Stack {stack} is of {key} {came}, but this stack is of {expected}; "
                "name the foundation of its own account and region in herald:foundation.stack."
            )
    expect_images(stack, PLATFORMS[outputs.node_architecture], config)
    return outputs


def expect_images(stack: str, platform: str, config: StackConfig) -> None:
    """None named is the builder's own, which nobody here knows."""
    if (built := config.images.platforms) and platform not in built:
        raise FoundationError(
            f"Stack {stack} has nodes that run images for {platform}, but this stack builds them "
            f"for {', '.join(built)}; name {platform} in herald:images.platforms."
        )
