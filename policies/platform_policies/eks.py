"""Clusters that AWS runs, their machines and who gets in."""

from collections.abc import Iterator

from platform_policies.network import EVERYONE
from platform_policies.resource import Resource, at
from platform_policies.rule import (
    Rule,
    contains,
    is_one_of,
    is_set,
    where_data_lasts,
)

CLUSTER = ("aws:eks/cluster:Cluster",)
TEMPLATE = ("aws:ec2/launchTemplate:LaunchTemplate",)


def reached_by_few(cluster: Resource) -> Iterator[str]:
    if cluster.at("vpcConfig.endpointPrivateAccess") is not True:
        yield "vpcConfig.endpointPrivateAccess is not true"
    if cluster.at("vpcConfig.endpointPublicAccess") is False:
        return
    cidrs = cluster.at("vpcConfig.publicAccessCidrs") or []
    if not cidrs or set(cidrs) & set(EVERYONE):
        yield "vpcConfig.publicAccessCidrs admits everyone; name addresses, or close the endpoint"


def secrets_encrypted(cluster: Resource) -> Iterator[str]:
    if "secrets" not in (cluster.at("encryptionConfig.resources") or []):
        yield "encryptionConfig.resources lacks secrets"


def tokens_one_hop_far(template: Resource) -> Iterator[str]:
    if template.at("metadataOptions.httpTokens") != "required":
        yield "metadataOptions.httpTokens is not required"
    if template.at("metadataOptions.httpPutResponseHopLimit") != 1:
        yield "metadataOptions.httpPutResponseHopLimit is not 1"


def disks_encrypted(template: Resource) -> Iterator[str]:
    for disk in template.list_at("blockDeviceMappings"):
        if str(at(disk, "ebs.encrypted")).lower() != "true":
            yield f"disk {at(disk, 'deviceName')} is not encrypted"


RULES = [
    Rule(
        name="cluster-reached-by-few",
        reason="Whoever reaches the API of a cluster can try every fault in it.",
        types=CLUSTER,
        check=reached_by_few,
    ),
    Rule(
        name="cluster-secrets-encrypted",
        reason="A copy of the cluster's store must not tell the passwords in it.",
        types=CLUSTER,
        check=secrets_encrypted,
    ),
    Rule(
        name="cluster-logged",
        reason="Who did what in the cluster is known from its logs alone.",
        types=CLUSTER,
        check=contains("enabledClusterLogTypes", "api", "audit", "authenticator"),
    ),
    Rule(
        name="cluster-access-by-entries",
        reason="Who gets in is seen in AWS, and not in a map inside the cluster.",
        types=CLUSTER,
        check=is_one_of("accessConfig.authenticationMode", "API"),
    ),
    Rule(
        name="cluster-deletion-protected",
        reason="Everything that runs goes with the cluster.",
        types=CLUSTER,
        check=where_data_lasts(is_one_of("deletionProtection", True)),
    ),
    Rule(
        name="cluster-addon-pinned",
        reason="An add-on of no exact version changes by itself, and differs between environments.",
        types=("aws:eks/addon:Addon",),
        check=is_set("addonVersion"),
    ),
    Rule(
        name="node-by-template",
        reason="Without a template a node's credentials are open to its pods.",
        types=("aws:eks/nodeGroup:NodeGroup",),
        check=is_set("launchTemplate"),
    ),
    Rule(
        name="node-metadata-by-token",
        reason="A pod that is broken into must not get the node's credentials.",
        types=TEMPLATE,
        check=tokens_one_hop_far,
    ),
    Rule(
        name="node-disks-encrypted",
        reason="Disks of nodes hold images, logs and what pods write.",
        types=TEMPLATE,
        check=disks_encrypted,
    ),
]
