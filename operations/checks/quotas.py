"""Compares the quotas of the account with the resources that a first update creates."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from operations.checks.problem import NotWell
from operations.stack import Stack
from stacks.config.project import PROJECT

SYSTEM_CPUS = 4  # virtual processors of nodes that EKS starts for the cluster's own pods
# Lambda reserves nothing of the last ten executions; the scheduler reserves one.
FUNCTION_EXECUTIONS = 11


@dataclass(frozen=True, kw_only=True)
class Need:
    """Describes what an update adds to the use of one quota of the account and region."""

    service: str
    code: str
    name: str
    number: int
    used: Callable[[Stack], int] | None = None  # None: the use differs from hour to hour


def quotas(stack: Stack) -> str:
    needs = [*platform_needs(stack), *foundation_needs(stack)]
    if problems := [each for need in needs for each in shortage(stack, need)]:
        texts, remedies = zip(*problems, strict=True)
        raise NotWell("; ".join(texts), f"request more: {'; '.join(remedies)}")
    names = ", ".join(each.name for each in needs)
    return f"suffice for {names}" if needs else "an update creates nothing that they limit"


def shortage(stack: Stack, need: Need) -> Iterator[tuple[str, str]]:
    """Yield the problem and the command that requests more, if the quota does not suffice."""
    limit, used = limit_of(stack, need), need.used(stack) if need.used else 0
    if (wanted := used + need.number) > limit:
        text = f"{need.name}: the update needs {need.number}, {limit - used} of {limit} are free"
        command = "aws service-quotas request-service-quota-increase --service-code"
        yield text, f"`{command} {need.service} --quota-code {need.code} --desired-value {wanted}`"


def limit_of(stack: Stack, need: Need) -> int:
    """Return the quota of the account; AWS has only a default for some that nobody changed."""
    client = stack.client("service-quotas")
    wanted = {"ServiceCode": need.service, "QuotaCode": need.code}
    try:
        answer = client.get_service_quota(**wanted)
    except client.exceptions.NoSuchResourceException:
        answer = client.get_aws_default_service_quota(**wanted)
    return int(answer["Quota"]["Value"])


def platform_needs(stack: Stack) -> Iterator[Need]:
    def written(name: str) -> Any:
        return stack.written.get(f"{PROJECT}:{name}") or {}

    if "rds" in written("database") and not has_database(stack):
        yield Need(
            service="rds", code="L-7B6409FD", name="database instances", number=1,
            used=lambda stack: count(stack, "rds", "describe_db_instances", "DBInstances"),
        )  # fmt: skip
    if written("scheduler").get("runtime") == "lambda":
        yield Need(
            service="lambda", code="L-B99A9384", name="concurrent executions of Lambda",
            number=FUNCTION_EXECUTIONS,
        )  # fmt: skip
    if cpus := written("nodes").get("mostCpus"):
        yield Need(
            service="ec2", code="L-1216C47A", name="virtual processors", number=cpus + SYSTEM_CPUS
        )


def has_database(stack: Stack) -> bool:
    client, prefix = stack.client("rds"), stack.written.get(f"{PROJECT}:prefix", "")
    try:
        client.describe_db_instances(DBInstanceIdentifier=f"{prefix}postgres")
    except client.exceptions.DBInstanceNotFoundFault:
        return False
    return True


def foundation_needs(stack: Stack) -> Iterator[Need]:
    """Yield the needs of the foundation, until its cluster exists."""
    settings = stack.foundation_settings
    if not settings or has_cluster(stack, settings["name"]):
        return
    network = settings["network"]
    gateways = 1 if network.get("natGateways") == "one" else len(network["zones"])
    yield Need(
        service="vpc", code="L-F678F1CE", name="VPCs", number=1,
        used=lambda stack: count(stack, "ec2", "describe_vpcs", "Vpcs"),
    )  # fmt: skip
    yield Need(
        service="ec2", code="L-0263D0A3", name="Elastic IP addresses", number=gateways,
        used=lambda stack: len(stack.client("ec2").describe_addresses()["Addresses"]),
    )  # fmt: skip
    yield Need(
        service="eks", code="L-1194D53C", name="EKS clusters", number=1,
        used=lambda stack: count(stack, "eks", "list_clusters", "clusters"),
    )  # fmt: skip


def has_cluster(stack: Stack, name: str) -> bool:
    try:
        stack.client("eks").describe_cluster(name=name)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        return False
    return True


def count(stack: Stack, service: str, operation: str, items: str) -> int:
    return sum(
        len(page[items]) for page in stack.client(service).get_paginator(operation).paginate()
    )
