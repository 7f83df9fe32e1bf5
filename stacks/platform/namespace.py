"""Creates the namespace of an environment, with its quota and nodes."""

from collections.abc import Mapping, Sequence
from typing import Any

from herald_infra.cluster_nodes import Architecture, ClusterNodes, ClusterNodesArgs
from herald_infra.environment_namespace import (
    Destination,
    EnvironmentNamespace,
    EnvironmentNamespaceArgs,
)
from herald_infra.restricted_pod import Resources

from stacks.config.quota import QuotaConfig
from stacks.config.stack import ServiceConfig, StackConfig

LABELS = {"app.kubernetes.io/part-of": "herald", "app.kubernetes.io/managed-by": "pulumi"}
DEFAULTS = ServiceConfig()
# As Kubernetes names the platforms of images.
ARCHITECTURES: Mapping[str, Architecture] = {"linux/amd64": "amd64", "linux/arm64": "arm64"}


def cluster_nodes(config: StackConfig) -> list[ClusterNodes]:
    """Return the nodes that the stack adds to a cluster in EKS Auto Mode, if it adds some."""
    if config.nodes is None:
        return []
    return [
        ClusterNodes(
            f"{config.prefix}nodes",
            ClusterNodesArgs(
                labels=LABELS,
                architectures=[ARCHITECTURES[each] for each in config.images.platforms],
                most_cpus=config.nodes.most_cpus,
            ),
        )
    ]


def environment_namespace(config: StackConfig) -> EnvironmentNamespace:
    default = resources(DEFAULTS).manifest()
    return EnvironmentNamespace(
        config.namespace,
        EnvironmentNamespaceArgs(
            namespace=config.namespace,
            labels=LABELS,
            quota=quota(config.quota),
            default_requests=default["requests"],
            default_limits=default["limits"],
            destinations=[Destination(**each.model_dump()) for each in config.network.destinations],
            after=cluster_nodes(config),
        ),
    )


def quota(config: QuotaConfig) -> dict[str, str]:
    return {
        "pods": str(config.pods),
        "requests.cpu": config.cpu_requests,
        "limits.cpu": config.cpu_limits,
        "requests.memory": config.memory_requests,
        "limits.memory": config.memory_limits,
    }


def resources(config: ServiceConfig) -> Resources:
    return Resources(
        cpu_request=config.cpu_request,
        cpu_limit=config.cpu_limit,
        memory_request=config.memory_request,
        memory_limit=config.memory_limit,
    )


def peers(namespaces: Sequence[str], cidrs: Sequence[str]) -> list[dict[str, Any]]:
    """Return the callers as peers of a NetworkPolicy."""
    labels = [{"kubernetes.io/metadata.name": name} for name in namespaces]
    return [
        *({"namespaceSelector": {"matchLabels": one}} for one in labels),
        *({"ipBlock": {"cidr": cidr}} for cidr in cidrs),
    ]
