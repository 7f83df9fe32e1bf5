"""Defines rules for EKS clusters, their nodes and the access to them."""

from collections.abc import Iterator

from platform_policies.network import EVERYONE
from platform_policies.resource import Resource
from platform_policies.rule import (
    Rule,
    contains,
    is_one_of,
    is_set,
    where_data_lasts,
)

CLUSTER = ("aws:eks/cluster:Cluster",)
AUTO_MODE = (  # EKS accepts the three together only
    "computeConfig.enabled",
    "kubernetesNetworkConfig.elasticLoadBalancing.enabled",
    "storageConfig.blockStorage.enabled",
)


def reached_by_few(cluster: Resource) -> Iterator[str]:
    if cluster.at("vpcConfig.endpointPrivateAccess") is not True:
        yield "vpcConfig.endpointPrivateAccess is not true"
    if cluster.at("vpcConfig.endpointPublicAccess") is False:
        return
    cidrs = cluster.at("vpcConfig.publicAccessCidrs") or []
    if not cidrs or set(cidrs) & set(EVERYONE):
        yield "vpcConfig.publicAccessCidrs admits all; name addresses, or close the endpoint"


def secrets_encrypted(cluster: Resource) -> Iterator[str]:
    if "secrets" not in (cluster.at("encryptionConfig.resources") or []):
        yield "encryptionConfig.resources lacks secrets"


def run_by_aws(cluster: Resource) -> Iterator[str]:
    for part in AUTO_MODE:
        if cluster.at(part) is not True:
            yield f"{part} is not true"


RULES = [
    Rule(
        name="cluster-reached-by-few",
        reason="Everyone with access to the API of a cluster can exploit its vulnerabilities.",
        types=CLUSTER,
        check=reached_by_few,
    ),
    Rule(
        name="cluster-secrets-encrypted",
        reason="A copy of the cluster's database must not reveal its secrets.",
        types=CLUSTER,
        check=secrets_encrypted,
    ),
    Rule(
        name="cluster-logged",
        reason="Only the logs of a cluster record who changed what.",
        types=CLUSTER,
        check=contains("enabledClusterLogTypes", "api", "audit", "authenticator"),
    ),
    Rule(
        name="cluster-access-by-entries",
        reason="AWS shows access entries, but not the map inside the cluster.",
        types=CLUSTER,
        check=is_one_of("accessConfig.authenticationMode", "API"),
    ),
    Rule(
        name="cluster-deletion-protected",
        reason="The deletion of a cluster stops everything in it.",
        types=CLUSTER,
        check=where_data_lasts(is_one_of("deletionProtection", True)),
    ),
    Rule(
        name="cluster-addon-pinned",
        reason="Without an exact version, an add-on changes and differs between environments.",
        types=("aws:eks/addon:Addon",),
        check=is_set("addonVersion"),
    ),
    Rule(
        name="cluster-run-by-aws",
        reason="Nodes that nobody replaces keep the faults of their first day.",
        types=CLUSTER,
        check=run_by_aws,
    ),
]
