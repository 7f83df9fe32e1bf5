"""Provisions the resources that a new account needs before the platform."""

from __future__ import annotations  # so that the SDK's modules load only when used

from collections.abc import Mapping
from typing import Any

import yaml
from herald_infra.deploy_role import DeployRole, DeployRoleArgs
from herald_infra.kubernetes_cluster import KubernetesCluster, KubernetesClusterArgs
from herald_infra.metrics_workspace import (
    MetricsCollector,
    MetricsCollectorArgs,
    MetricsWorkspace,
    MetricsWorkspaceArgs,
)
from herald_infra.network import Network, NetworkArgs
from herald_infra.policy_document import policy_json
from herald_infra.state_bucket import StateBucket, StateBucketArgs
from pulumi import Input
from pulumi_aws import iam

from stacks.config.stack_file import PLATFORM
from stacks.foundation.access import DatabaseAccess
from stacks.foundation.config import FoundationConfig
from stacks.foundation.deployment import SYSTEM, Place, checks, deployment
from stacks.foundation.observation import observation
from stacks.foundation.service_boundary import boundary
from stacks.platform.alerting import scrape_configuration
from stacks.protection import protect_data

COLLECTED = "30s"  # the shortest interval of Amazon's collector


def account(config: FoundationConfig) -> Mapping[str, Input[Any]]:
    """Create the resources and return the outputs of `stacks.outputs.foundation`."""
    protect_data(config)
    state = StateBucket(
        f"{config.name}-state",
        StateBucketArgs(
            account_id=config.account,
            force_destroy=not config.protects("state"),
            **config.state.model_dump(),
        ),
    )
    network = Network(
        f"{config.name}-network", NetworkArgs(region=config.region, **config.network.model_dump())
    )
    bounds = service_boundary(config)
    metrics = MetricsWorkspace(f"{config.name}-metrics", MetricsWorkspaceArgs(alias=config.name))
    deploy = deploy_role(config, state, bounds, metrics)
    drift = drift_role(config, state, bounds, deploy, metrics)
    cluster = kubernetes_cluster(config, network, deploy, drift)
    collect_metrics(config, network, cluster, metrics)
    access = DatabaseAccess(f"{config.name}-database", network, cluster)
    return {
        "region": config.region,
        "account": config.account,
        "platform_prefix": config.platform_prefix,
        "platform_system": SYSTEM,
        "vpc_id": network.vpc_id,
        "vpc_cidr": config.network.cidr,
        "private_subnet_ids": network.private_subnet_ids,
        "public_subnet_ids": network.public_subnet_ids,
        "database_subnet_ids": network.database_subnet_ids,
        "database_security_group_id": access.database_group_id,
        "function_security_group_id": access.function_group_id,
        "cluster_name": cluster.name,
        "oidc_provider_arn": cluster.oidc_provider_arn,
        "permissions_boundary_arn": bounds.arn,
        "metrics_workspace_id": metrics.id,
        "deploy_role_arn": deploy.arn,
        "drift_role_arn": drift.arn,
        "state_bucket": state.name,
        "state_key_arn": state.key_arn,
        "zone": config.zone.model_dump() if config.zone else None,
    }


def service_boundary(config: FoundationConfig) -> iam.Policy:
    """Create the permissions boundary of the platform's roles."""
    return iam.Policy(
        f"{config.name}-services",
        description=f"The most that roles of {config.platform_prefix}* may do",
        policy=policy_json(boundary(place(config))),
    )


def deploy_role(
    config: FoundationConfig, state: StateBucket, bounds: iam.Policy, metrics: MetricsWorkspace
) -> DeployRole:
    return DeployRole(
        f"{config.name}-deploy",
        DeployRoleArgs(
            **config.deployment.model_dump(),
            policies={
                "state": [state.list_statement(), *state.update_statements(PLATFORM.project)],
                "doctor": checks(place(config), config.name),
                **deployment(place(config), bounds.arn, metrics.arn),
            },
        ),
    )


def drift_role(
    config: FoundationConfig,
    state: StateBucket,
    bounds: iam.Policy,
    deploy: DeployRole,
    metrics: MetricsWorkspace,
) -> DeployRole:
    """Create the role of the nightly drift detection, which may read what a deployment changes.

    It has a separate GitHub environment, because nobody approves a nightly run.
    """
    deployment_config = config.deployment.model_dump()
    deployment_config |= {
        "environment": f"{config.deployment.environment}-drift",
        "provider_arn": deploy.provider_arn,
    }
    return DeployRole(
        f"{config.name}-drift",
        DeployRoleArgs(
            **deployment_config,
            policies={
                "state": [state.list_statement(), *state.read_statements()],
                **observation(place(config), deployment(place(config), bounds.arn, metrics.arn)),
            },
        ),
    )


def kubernetes_cluster(
    config: FoundationConfig, network: Network, deploy: DeployRole, drift: DeployRole
) -> KubernetesCluster:
    cluster_config = config.cluster.model_dump()
    # Only administrators may create the namespace and its quota.
    administrators = {**cluster_config.pop("administrators"), "deploy": deploy.arn}
    return KubernetesCluster(
        f"{config.name}-cluster",
        KubernetesClusterArgs(
            name=config.name,
            account_id=config.account,
            region=config.region,
            subnet_ids=network.private_subnet_ids,
            administrators=administrators,
            viewers={"drift": drift.arn},
            deletion_protection=config.protects("cluster"),
            **cluster_config,
        ),
    )


def collect_metrics(
    config: FoundationConfig,
    network: Network,
    cluster: KubernetesCluster,
    metrics: MetricsWorkspace,
) -> None:
    """Scrape the platform's pods from the private subnets, in the cluster's security group."""
    pods = {"kubernetes_sd_configs": [{"role": "pod"}]}
    MetricsCollector(
        f"{config.name}-metrics",
        MetricsCollectorArgs(
            workspace_arn=metrics.arn,
            cluster_arn=cluster.arn,
            subnet_ids=network.private_subnet_ids,
            security_group_ids=[cluster.security_group_id],
            configuration=yaml.safe_dump(scrape_configuration(pods, COLLECTED), sort_keys=False),
        ),
    )


def place(config: FoundationConfig) -> Place:
    return Place(
        region=config.region,
        account=config.account,
        prefix=config.platform_prefix,
        cluster=config.name,
        zone_id=config.zone.id if config.zone else None,
    )
