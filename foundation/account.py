"""Everything that a new account lacks, on one page."""

from __future__ import annotations  # so that the SDK's modules load only when used

from collections.abc import Mapping
from typing import Any

from pulumi import Input
from pulumi_aws import iam

from foundation.access import DatabaseAccess
from foundation.config import FoundationConfig
from foundation.deployment import Place, deployment
from foundation.observation import observation
from foundation.service_boundary import boundary
from infra.deploy_role import DeployRole, DeployRoleArgs
from infra.kubernetes_cluster import KubernetesCluster, KubernetesClusterArgs
from infra.network import Network, NetworkArgs
from infra.policy_document import policy_json
from infra.state_bucket import StateBucket, StateBucketArgs
from stacks.protection import protect_data

DATA = frozenset({"aws:eks/cluster:Cluster", "aws:kms/key:Key", "aws:s3/bucket:Bucket"})


def account(config: FoundationConfig) -> Mapping[str, Input[Any]]:
    """Gives the outputs that `stacks.foundation.FoundationOutputs` describes."""
    protect_data(config, DATA)
    state = StateBucket(
        f"{config.name}-state",
        StateBucketArgs(account_id=config.account, **config.state.model_dump()),
    )
    network = Network(
        f"{config.name}-network", NetworkArgs(region=config.region, **config.network.model_dump())
    )
    bounds = service_boundary(config)
    deploy = deploy_role(config, state, bounds)
    drift = drift_role(config, state, bounds, deploy)
    cluster = kubernetes_cluster(config, network, deploy, drift)
    access = DatabaseAccess(f"{config.name}-database", network, cluster)
    return {
        "region": config.region,
        "account": config.account,
        "vpc_id": network.vpc_id,
        "vpc_cidr": config.network.cidr,
        "private_subnet_ids": network.private_subnet_ids,
        "public_subnet_ids": network.public_subnet_ids,
        "database_subnet_ids": network.database_subnet_ids,
        "database_security_group_id": access.database_group_id,
        "function_security_group_id": access.function_group_id,
        "cluster_name": cluster.name,
        "node_architecture": config.cluster.architecture,
        "oidc_provider_arn": cluster.oidc_provider_arn,
        "permissions_boundary_arn": bounds.arn,
        "deploy_role_arn": deploy.arn,
        "drift_role_arn": drift.arn,
        "state_bucket": state.name,
        "state_key_arn": state.key_arn,
    }


def service_boundary(config: FoundationConfig) -> iam.Policy:
    """The most that a role of the platform can ever do, whoever writes its policies."""
    return iam.Policy(
        f"{config.name}-services",
        description=f"The most that roles of {config.platform_prefix}* may do",
        policy=policy_json(boundary(place(config))),
    )


def deploy_role(config: FoundationConfig, state: StateBucket, bounds: iam.Policy) -> DeployRole:
    return DeployRole(
        f"{config.name}-deploy",
        DeployRoleArgs(
            **config.deployment.model_dump(),
            statements=[
                state.list_statement(),
                state.update_statement(),
                *deployment(place(config), bounds.arn),
            ],
        ),
    )


def drift_role(
    config: FoundationConfig, state: StateBucket, bounds: iam.Policy, deploy: DeployRole
) -> DeployRole:
    """For the workflow that compares every night: it reads what a deployment may change."""
    return DeployRole(
        f"{config.name}-drift",
        DeployRoleArgs(
            **{**config.deployment.model_dump(), "provider_arn": deploy.provider_arn},
            statements=[
                state.list_statement(),
                state.read_statement(),
                *observation(place(config), deployment(place(config), bounds.arn)),
            ],
        ),
    )


def kubernetes_cluster(
    config: FoundationConfig, network: Network, deploy: DeployRole, drift: DeployRole
) -> KubernetesCluster:
    given = config.cluster.model_dump()
    # The deploy role makes the namespace and its quota, which no lesser role may.
    administrators = {**given.pop("administrators"), "deploy": deploy.arn}
    return KubernetesCluster(
        f"{config.name}-cluster",
        KubernetesClusterArgs(
            name=config.name,
            account_id=config.account,
            subnet_ids=network.private_subnet_ids,
            administrators=administrators,
            viewers={"drift": drift.arn},
            deletion_protection=config.protects("cluster"),
            **given,
        ),
    )


def place(config: FoundationConfig) -> Place:
    return Place(
        region=config.region,
        account=config.account,
        prefix=config.platform_prefix,
        cluster=config.name,
    )
