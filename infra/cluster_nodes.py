"""Machines of a cluster, made and replaced by EKS."""

from __future__ import annotations  # so that the SDK's modules load only when used

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi
from pulumi import Input, Output, ResourceOptions
from pulumi_aws import ec2, eks, iam

from infra.policy_document import assumed_by_service, policy_json

# All that a node does: join its cluster and pull images. Pods have roles of their own.
POLICIES = {
    "worker": "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy",
    "images": "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly",
}

Architecture = Literal["x86_64", "arm64"]
# By architecture; AWS writes these names in no one way.
IMAGES: dict[Architecture, str] = {
    "x86_64": "AL2023_x86_64_STANDARD",
    "arm64": "AL2023_ARM_64_STANDARD",
}
GRAVITON = re.compile(r"a1\.|[a-z]+[0-9]+g")  # a g after the generation, as in m7gd.large


@dataclass(frozen=True, kw_only=True)
class ClusterNodesArgs:
    cluster_name: Input[str]
    subnet_ids: Sequence[Input[str]]  # private
    instance_types: Sequence[str] = ("t3.medium",)
    architecture: Architecture = "x86_64"  # of all instance types
    least: int = 2
    most: int = 4
    disk: int = 50  # GiB
    after: Sequence[pulumi.Resource] = ()  # what a node needs to become ready

    def __post_init__(self) -> None:
        expect_architecture(self.architecture, self.instance_types)


class ClusterNodes(pulumi.ComponentResource):
    """A managed group of nodes with encrypted disks and nobody's key on them.

    Pods can't take a node's credentials: its metadata answers only tokens, one hop far.
    EKS replaces nodes one at a time and repairs those that fail. How many there are between
    least and most is left to the cluster's autoscaler.
    """

    role_arn: Output[str]

    def __init__(
        self, name: str, args: ClusterNodesArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("herald:infra:ClusterNodes", name, {}, opts)
        child = ResourceOptions(parent=self)

        role, granted = node_role(name, child)
        template = launch_template(name, args, child)
        self.group = eks.NodeGroup(
            name,
            cluster_name=args.cluster_name,
            node_role_arn=role.arn,
            subnet_ids=args.subnet_ids,
            ami_type=IMAGES[args.architecture],
            instance_types=list(args.instance_types),
            scaling_config={
                "min_size": args.least,
                "max_size": args.most,
                "desired_size": args.least,
            },
            update_config={"max_unavailable": 1},
            node_repair_config={"enabled": True},
            launch_template={"id": template.id, "version": version_of(template)},
            opts=ResourceOptions.merge(
                child,
                ResourceOptions(
                    depends_on=[*granted, *args.after],
                    ignore_changes=["scalingConfig.desiredSize"],
                ),
            ),
        )

        self.role_arn = role.arn
        self.register_outputs({"role_arn": self.role_arn})


def architecture_of(instance_type: str) -> Architecture:
    return "arm64" if GRAVITON.match(instance_type) else "x86_64"


def expect_architecture(architecture: Architecture, instance_types: Sequence[str]) -> None:
    """EKS refuses a group with others only after the cluster was made."""
    if others := [each for each in instance_types if architecture_of(each) != architecture]:
        other = architecture_of(others[0])
        raise ValueError(
            f"expected instance types of architecture {architecture} in place of "
            f"{', '.join(others)}; name such, or {other} as the architecture"
        )


def node_role(name: str, child: ResourceOptions) -> tuple[iam.Role, list[pulumi.Resource]]:
    role = iam.Role(
        name,
        description=f"Taken by the nodes of {name}",
        assume_role_policy=policy_json([assumed_by_service("ec2.amazonaws.com")]),
        opts=child,
    )
    return role, [
        iam.RolePolicyAttachment(f"{name}-{what}", role=role.name, policy_arn=arn, opts=child)
        for what, arn in POLICIES.items()
    ]


def launch_template(
    name: str, args: ClusterNodesArgs, child: ResourceOptions
) -> ec2.LaunchTemplate:
    disk: ec2.LaunchTemplateBlockDeviceMappingEbsArgsDict = {
        "volume_size": args.disk,
        "volume_type": "gp3",
        "encrypted": "true",
        "delete_on_termination": "true",
    }
    return ec2.LaunchTemplate(
        name,
        block_device_mappings=[{"device_name": "/dev/xvda", "ebs": disk}],
        metadata_options={
            "http_endpoint": "enabled",
            "http_tokens": "required",
            "http_put_response_hop_limit": 1,
        },
        tag_specifications=[
            {"resource_type": kind, "tags": {"Name": name}} for kind in ("instance", "volume")
        ],
        opts=child,
    )


def version_of(template: ec2.LaunchTemplate) -> Output[str]:
    return template.latest_version.apply(lambda version: str(int(version)))
