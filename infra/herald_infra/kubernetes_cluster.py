"""A Kubernetes cluster on EKS."""

from __future__ import annotations  # so that the SDK's modules load only when used

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi import Input, Output, ResourceOptions
from pulumi_aws import cloudwatch, eks, iam

from infra.cluster_nodes import (
    Architecture,
    ClusterNodes,
    ClusterNodesArgs,
    expect_architecture,
)
from infra.encryption_key import EncryptionKey, EncryptionKeyArgs
from infra.policy_document import allow, assumed_by_service, policy_json
from infra.service_role import trust

LOGS = ["api", "audit", "authenticator", "controllerManager", "scheduler"]
BEFORE_NODES = ("vpc-cni", "kube-proxy")  # without them no node becomes ready
CLUSTER_POLICY = "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"
NETWORK_POLICY = "arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy"
ADMINISTRATOR = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
VIEWER = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSAdminViewPolicy"  # with secrets
# The plugin enforces NetworkPolicies only when told to.
CONFIGURATION: Mapping[str, Mapping[str, Any]] = {"vpc-cni": {"enableNetworkPolicy": "true"}}


@dataclass(frozen=True, kw_only=True)
class KubernetesClusterArgs:
    account_id: Input[str]
    name: str | None = None  # the component's when none
    version: str  # of Kubernetes: "1.36"
    addons: Mapping[str, str]  # name: exact version; vpc-cni and kube-proxy at least
    subnet_ids: Sequence[Input[str]]  # private, in two zones at least
    public_cidrs: Sequence[str] = ()  # that reach its API from outside; none by default
    administrators: Mapping[str, Input[str]] = field(default_factory=dict)  # name: ARN of a role
    viewers: Mapping[str, Input[str]] = field(default_factory=dict)  # the same; who may read all
    instance_types: Sequence[str] = ("t3.medium",)
    architecture: Architecture = "x86_64"  # of all instance types
    least_nodes: int = 2
    most_nodes: int = 4
    disk: int = 50  # GiB of a node
    log_days: int = 90
    deletion_protection: bool = True

    def __post_init__(self) -> None:
        if missing := [each for each in BEFORE_NODES if each not in self.addons]:
            raise ValueError(f"A cluster needs a version of the add-ons {', '.join(missing)}.")
        expect_architecture(self.architecture, self.instance_types)
        if open_to_all := [each for each in self.public_cidrs if each.endswith("/0")]:
            raise ValueError(
                f"A cluster's API must not be open to everyone, but public_cidrs has {open_to_all}."
            )


class KubernetesCluster(pulumi.ComponentResource):
    """An EKS cluster with its nodes, add-ons of exact versions and an OIDC provider for roles.

    Its API is reached inside the network alone, or else from the addresses named; secrets
    are encrypted with a key of their own, and all logs of the control plane are kept. Only
    the administrators and viewers named get in, not whoever made it.
    """

    name: Output[str]
    endpoint: Output[str]
    security_group_id: Output[str]
    oidc_provider_arn: Output[str]

    def __init__(
        self, name: str, args: KubernetesClusterArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("herald:infra:KubernetesCluster", name, {}, opts)
        self.child = ResourceOptions(parent=self)

        cluster_name = args.name or name
        key = EncryptionKey(
            f"{name}-secrets",
            EncryptionKeyArgs(account_id=args.account_id, services=()),
            self.child,
        )
        role, granted = cluster_role(name, key, self.child)
        # Made first: EKS would make it without an end to what it keeps.
        logs = cloudwatch.LogGroup(
            name,
            name=f"/aws/eks/{cluster_name}/cluster",
            retention_in_days=args.log_days,
            opts=self.child,
        )
        self.cluster = eks.Cluster(
            name,
            name=cluster_name,
            role_arn=role.arn,
            version=args.version,
            enabled_cluster_log_types=LOGS,
            deletion_protection=args.deletion_protection,
            opts=ResourceOptions.merge(self.child, ResourceOptions(depends_on=[logs, *granted])),
            **reached(args),
            **guarded(key),
        )
        self.oidc_provider_arn = self.identities(name)
        self.let_in(name, args.administrators, ADMINISTRATOR)
        self.let_in(name, args.viewers, VIEWER)
        self.add_nodes(name, args)

        self.name, self.endpoint = self.cluster.name, self.cluster.endpoint
        self.security_group_id = self.cluster.vpc_config.apply(own_group)
        self.register_outputs(
            {
                "name": self.name,
                "endpoint": self.endpoint,
                "security_group_id": self.security_group_id,
                "oidc_provider_arn": self.oidc_provider_arn,
            }
        )

    def identities(self, name: str) -> Output[str]:
        """Lets service accounts take roles."""
        return iam.OpenIdConnectProvider(
            name,
            url=self.cluster.identities.apply(issuer),
            client_id_lists=["sts.amazonaws.com"],
            opts=self.child,
        ).arn

    def let_in(self, name: str, principals: Mapping[str, Input[str]], policy_arn: str) -> None:
        for who, principal in principals.items():
            entry = eks.AccessEntry(
                f"{name}-{who}",
                cluster_name=self.cluster.name,
                principal_arn=principal,
                opts=self.child,
            )
            eks.AccessPolicyAssociation(
                f"{name}-{who}",
                cluster_name=self.cluster.name,
                principal_arn=entry.principal_arn,
                policy_arn=policy_arn,
                access_scope={"type": "cluster"},
                opts=self.child,
            )

    def add_nodes(self, name: str, args: KubernetesClusterArgs) -> None:
        """Add-ons that nodes wait for come first, those that wait for nodes last."""
        first = {each: args.addons[each] for each in BEFORE_NODES}
        rest = {each: args.addons[each] for each in args.addons if each not in first}
        network = self.network_role(name)
        ready = [self.addon(name, *addon, network, []) for addon in first.items()]
        nodes = ClusterNodes(
            f"{name}-nodes",
            ClusterNodesArgs(
                cluster_name=self.cluster.name,
                subnet_ids=args.subnet_ids,
                instance_types=args.instance_types,
                architecture=args.architecture,
                least=args.least_nodes,
                most=args.most_nodes,
                disk=args.disk,
                after=ready,
            ),
            self.child,
        )
        for addon in rest.items():
            self.addon(name, *addon, network, [nodes.group])

    def addon(
        self,
        name: str,
        addon: str,
        version: str,
        network: iam.Role,
        after: Sequence[pulumi.Resource],
    ) -> eks.Addon:
        configuration = CONFIGURATION.get(addon)
        return eks.Addon(
            f"{name}-{addon}",
            cluster_name=self.cluster.name,
            addon_name=addon,
            addon_version=version,
            configuration_values=None if configuration is None else json.dumps(configuration),
            service_account_role_arn=network.arn if addon == "vpc-cni" else None,
            resolve_conflicts_on_create="OVERWRITE",
            resolve_conflicts_on_update="PRESERVE",
            opts=ResourceOptions.merge(self.child, ResourceOptions(depends_on=list(after))),
        )

    def network_role(self, name: str) -> iam.Role:
        """Only the network plugin may change the addresses of nodes, not all that runs there."""
        trusted = Output.all(self.oidc_provider_arn, "kube-system", "aws-node")
        role = iam.Role(
            f"{name}-network",
            description=f"Taken by the network plugin of {name}",
            assume_role_policy=Output.json_dumps(trusted.apply(trust)),
            opts=self.child,
        )
        iam.RolePolicyAttachment(
            f"{name}-network", role=role.name, policy_arn=NETWORK_POLICY, opts=self.child
        )
        return role


def issuer(identities: Sequence[Any]) -> str:
    return str(identities[0].oidcs[0].issuer)


def own_group(network: Any) -> str:
    """The security group that EKS made for nodes and control plane."""
    return str(network.cluster_security_group_id)


def cluster_role(
    name: str, key: EncryptionKey, child: ResourceOptions
) -> tuple[iam.Role, list[pulumi.Resource]]:
    role = iam.Role(
        name,
        description=f"Taken by the control plane of {name}",
        assume_role_policy=policy_json([assumed_by_service("eks.amazonaws.com")]),
        opts=child,
    )
    use_key = ["kms:Decrypt", "kms:Encrypt", "kms:DescribeKey", "kms:ListGrants"]
    return role, [
        iam.RolePolicyAttachment(name, role=role.name, policy_arn=CLUSTER_POLICY, opts=child),
        iam.RolePolicy(
            name, role=role.name, policy=policy_json([allow(use_key, key.arn)]), opts=child
        ),
    ]


def reached(args: KubernetesClusterArgs) -> dict[str, Any]:
    """By whom, from where, and who may do what."""
    return {
        "vpc_config": {
            "subnet_ids": args.subnet_ids,
            "endpoint_private_access": True,
            "endpoint_public_access": bool(args.public_cidrs),
            "public_access_cidrs": list(args.public_cidrs) or None,
        },
        "access_config": {
            "authentication_mode": "API",
            "bootstrap_cluster_creator_admin_permissions": False,
        },
    }


def guarded(key: EncryptionKey) -> dict[str, Any]:
    return {
        "encryption_config": {"provider": {"key_arn": key.arn}, "resources": ["secrets"]},
        "bootstrap_self_managed_addons": False,
        # A version at its end is raised by AWS, instead of being charged six times as much.
        "upgrade_policy": {"support_type": "STANDARD"},
    }
