"""Creates the nodes of an EKS cluster in Auto Mode, for the pods of one environment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pulumi
from pulumi import ResourceOptions

from herald_infra.kubernetes_object import KubernetesObject

Architecture = Literal["amd64", "arm64"]
DEFAULT_CLASS = {"group": "eks.amazonaws.com", "kind": "NodeClass", "name": "default"}
LIFE = "336h"  # 14 days; then AWS replaces the node by one with the newest image
DRAIN = "24h"  # the longest delay of a replacement by a disruption budget


@dataclass(frozen=True, kw_only=True)
class ClusterNodesArgs:
    labels: Mapping[str, str] = field(default_factory=dict)
    architectures: Sequence[Architecture]  # of the images that run on the nodes
    most_cpus: int  # virtual processors of all nodes together

    def __post_init__(self) -> None:
        if not self.architectures:
            raise ValueError(
                "`architectures` must contain at least one architecture, for example amd64."
            )


class ClusterNodes(pulumi.ComponentResource):
    """Creates a node pool that scales with the pods, and enables network policies.

    AWS chooses the cheapest instance types that fit, drains nodes with little load, and replaces
    each node within 14 days. Auto Mode ignores network policies until this component enables them.
    """

    def __init__(
        self, name: str, args: ClusterNodesArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("herald:infra:ClusterNodes", name, {}, opts)
        child = ResourceOptions(parent=self)
        labels = dict(args.labels)
        KubernetesObject(
            f"{name}-network-policies",
            api="v1",
            kind="ConfigMap",
            metadata={"name": "amazon-vpc-cni", "namespace": "kube-system", "labels": labels},
            body={"data": {"enable-network-policy-controller": "true"}},
            opts=child,
        )
        KubernetesObject(
            name,
            api="karpenter.sh/v1",
            kind="NodePool",
            metadata={"name": name, "labels": labels},
            body={"spec": node_pool(args)},
            opts=child,
        )
        self.register_outputs({})


def node_pool(args: ClusterNodesArgs) -> dict[str, Any]:
    return {
        "template": {
            "spec": {
                "nodeClassRef": DEFAULT_CLASS,
                "requirements": [
                    require("kubernetes.io/arch", *args.architectures),
                    require("karpenter.sh/capacity-type", "on-demand"),
                    require("eks.amazonaws.com/instance-category", "c", "m", "r"),
                    {
                        "key": "eks.amazonaws.com/instance-generation",
                        "operator": "Gt",
                        "values": ["4"],
                    },
                ],
                "expireAfter": LIFE,
                "terminationGracePeriod": DRAIN,
            }
        },
        "disruption": {
            "consolidationPolicy": "WhenEmptyOrUnderutilized",
            "consolidateAfter": "1m",
            "budgets": [{"nodes": "1"}],
        },
        "limits": {"cpu": str(args.most_cpus)},
    }


def require(label: str, *values: str) -> dict[str, Any]:
    return {"key": label, "operator": "In", "values": list(values)}
