"""Creates a Kubernetes cluster on EKS; AWS manages nodes, load balancers and disks (Auto Mode)."""

from __future__ import annotations  # the modules of the SDK load only when they are used

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi import Input, Output, ResourceOptions
from pulumi_aws import cloudwatch, eks, iam

from herald_infra.cluster_addon import cluster_addon
from herald_infra.cluster_logs import ClusterLogs, ClusterLogsArgs
from herald_infra.encryption_key import EncryptionKey, EncryptionKeyArgs
from herald_infra.policy_document import allow, policy_json, trust_service

LOGS = ["api", "audit", "authenticator", "controllerManager", "scheduler"]
CLUSTER_POLICY = "AmazonEKSClusterPolicy"
AUTO_MODE_POLICIES = {
    "compute": "AmazonEKSComputePolicy",
    "storage": "AmazonEKSBlockStoragePolicy",
    "balancing": "AmazonEKSLoadBalancingPolicy",
    "networking": "AmazonEKSNetworkingPolicy",
}
# Allow a node to join its cluster and to pull images. Pods have roles of their own.
NODE_POLICIES = {
    "worker": "AmazonEKSWorkerNodeMinimalPolicy",
    "images": "AmazonEC2ContainerRegistryPullOnly",
}
SYSTEM = "system"  # the node pool for add-ons; `ClusterNodes` adds one for workloads
ADMINISTRATOR = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
VIEWER = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSAdminViewPolicy"  # with secrets
# Nodes of the pool `system` admit only pods with this toleration.
ON_SYSTEM_NODES = [{"key": "CriticalAddonsOnly", "operator": "Exists"}]


@dataclass(frozen=True, kw_only=True)
class KubernetesClusterArgs:
    account_id: Input[str]
    region: str
    name: str | None = None  # by default the name of the component
    version: str  # of Kubernetes: "1.36"; nodes and add-ons follow it
    subnet_ids: Sequence[Input[str]]  # private, in at least two zones
    public_cidrs: Sequence[str] = ()  # may connect to the API from outside the network
    administrators: Mapping[str, Input[str]] = field(default_factory=dict)  # name: ARN of a role
    viewers: Mapping[str, Input[str]] = field(default_factory=dict)  # may read all; name: ARN
    log_days: int = 90  # of the control plane, pods and nodes
    deletion_protection: bool = True

    def __post_init__(self) -> None:
        if open_to_all := [cidr for cidr in self.public_cidrs if cidr.endswith("/0")]:
            raise ValueError(
                "`public_cidrs` must not open the cluster's API to every address; remove "
                f"{', '.join(open_to_all)}."
            )


class KubernetesCluster(pulumi.ComponentResource):
    """Creates an EKS cluster in Auto Mode, with log shipping and an OIDC provider for roles.

    AWS starts, patches and replaces nodes, and runs the network plugin, DNS and the load balancer
    controller. The cluster's API accepts connections from the network and from `public_cidrs`. A
    separate key encrypts secrets. CloudWatch stores the logs of the control plane and of all pods.
    Only the named administrators and viewers have access; the creator has none.
    """

    name: Output[str]
    arn: Output[str]
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
        nodes, joining = node_role(f"{name}-nodes", self.child)
        # EKS would create this log group without a retention period, so it is created first.
        logs = cloudwatch.LogGroup(
            name,
            name=f"/aws/eks/{cluster_name}/cluster",
            retention_in_days=args.log_days,
            opts=self.child,
        )
        ready = [logs, *granted, *joining]
        self.cluster = eks.Cluster(
            name,
            name=cluster_name,
            role_arn=role.arn,
            version=args.version,
            enabled_cluster_log_types=LOGS,
            deletion_protection=args.deletion_protection,
            vpc_config={
                "subnet_ids": args.subnet_ids,
                "endpoint_private_access": True,
                "endpoint_public_access": bool(args.public_cidrs),
                "public_access_cidrs": list(args.public_cidrs) or None,
            },
            access_config={
                "authentication_mode": "API",
                "bootstrap_cluster_creator_admin_permissions": False,
            },
            encryption_config={"provider": {"key_arn": key.arn}, "resources": ["secrets"]},
            # AWS upgrades a version after its standard support; extended support costs six times
            # more.
            upgrade_policy={"support_type": "STANDARD"},
            # Auto Mode: EKS accepts its three parts only together.
            bootstrap_self_managed_addons=False,
            compute_config={"enabled": True, "node_pools": [SYSTEM], "node_role_arn": nodes.arn},
            kubernetes_network_config={"elastic_load_balancing": {"enabled": True}},
            storage_config={"block_storage": {"enabled": True}},
            opts=ResourceOptions.merge(self.child, ResourceOptions(depends_on=ready)),
        )
        self.oidc_provider_arn = self.identities(name)
        self.add_access_entries(name, args.administrators, ADMINISTRATOR)
        self.add_access_entries(name, args.viewers, VIEWER)
        self.add_ons(name, cluster_name, args)

        self.name, self.arn, self.endpoint = (
            self.cluster.name,
            self.cluster.arn,
            self.cluster.endpoint,
        )
        self.security_group_id = self.cluster.vpc_config.apply(own_group)
        self.register_outputs(
            {
                "name": self.name,
                "arn": self.arn,
                "endpoint": self.endpoint,
                "security_group_id": self.security_group_id,
                "oidc_provider_arn": self.oidc_provider_arn,
            }
        )

    def identities(self, name: str) -> Output[str]:
        """Let service accounts assume roles."""
        return iam.OpenIdConnectProvider(
            name,
            url=self.cluster.identities.apply(issuer),
            client_id_lists=["sts.amazonaws.com"],
            opts=self.child,
        ).arn

    def add_access_entries(
        self, name: str, principals: Mapping[str, Input[str]], policy_arn: str
    ) -> None:
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

    def add_ons(self, name: str, cluster_name: str, args: KubernetesClusterArgs) -> None:
        """Add the two parts that Auto Mode lacks: metrics for autoscalers, and log shipping."""
        cluster_addon(
            f"{name}-metrics-server",
            "metrics-server",
            args.version,
            self.cluster.name,
            {"tolerations": ON_SYSTEM_NODES},
            self.child,
        )
        ClusterLogs(
            f"{name}-logs",
            ClusterLogsArgs(
                account_id=args.account_id,
                region=args.region,
                cluster=cluster_name,
                cluster_name=self.cluster.name,
                cluster_version=args.version,
                oidc_provider_arn=self.oidc_provider_arn,
                days=args.log_days,
            ),
            self.child,
        )


def issuer(identities: Sequence[Any]) -> str:
    return str(identities[0].oidcs[0].issuer)


def own_group(network: Any) -> str:
    """Return the security group that EKS created for nodes and control plane."""
    return str(network.cluster_security_group_id)


def cluster_role(
    name: str, key: EncryptionKey, child: ResourceOptions
) -> tuple[iam.Role, list[pulumi.Resource]]:
    # Auto Mode tags its sessions with the name of the cluster.
    trusted = {
        **trust_service("eks.amazonaws.com"),
        "Action": ["sts:AssumeRole", "sts:TagSession"],
    }
    role = iam.Role(
        name,
        description=f"Assumed by the control plane of {name}",
        assume_role_policy=policy_json([trusted]),
        opts=child,
    )
    use_key = ["kms:Decrypt", "kms:Encrypt", "kms:DescribeKey", "kms:ListGrants"]
    return role, [
        attachment(name, role, CLUSTER_POLICY, child),
        *attach(name, role, AUTO_MODE_POLICIES, child),
        iam.RolePolicy(
            name, role=role.name, policy=policy_json([allow(use_key, key.arn)]), opts=child
        ),
    ]


def node_role(name: str, child: ResourceOptions) -> tuple[iam.Role, list[pulumi.Resource]]:
    role = iam.Role(
        name,
        description=f"Assumed by the nodes of {name.removesuffix('-nodes')}",
        assume_role_policy=policy_json([trust_service("ec2.amazonaws.com")]),
        opts=child,
    )
    return role, attach(name, role, NODE_POLICIES, child)


def attach(
    name: str, role: iam.Role, policies: Mapping[str, str], child: ResourceOptions
) -> list[pulumi.Resource]:
    return [attachment(f"{name}-{part}", role, policy, child) for part, policy in policies.items()]


def attachment(
    name: str, role: iam.Role, policy: str, child: ResourceOptions
) -> iam.RolePolicyAttachment:
    arn = f"arn:aws:iam::aws:policy/{policy}"
    return iam.RolePolicyAttachment(name, role=role.name, policy_arn=arn, opts=child)
