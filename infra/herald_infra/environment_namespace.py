"""A namespace that holds one environment and keeps it within bounds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi import Output, ResourceOptions

from infra.kubernetes_object import KubernetesObject, Manifest, named

NETWORKING = "networking.k8s.io/v1"
DNS_PORT = 53


@dataclass(frozen=True, kw_only=True)
class Destination:
    """Addresses outside the namespace that pods may open connections to."""

    cidr: str
    ports: Sequence[int]
    excluded: Sequence[str] = ()  # parts of `cidr` that stay closed, such as a metadata service


@dataclass(frozen=True, kw_only=True)
class EnvironmentNamespaceArgs:
    namespace: str
    labels: Mapping[str, str] = field(default_factory=dict)
    quota: Mapping[str, str]  # as in a ResourceQuota: {"pods": "40", "limits.memory": "16Gi"}
    default_requests: Mapping[str, str]  # of a container that names none
    default_limits: Mapping[str, str]
    destinations: Sequence[Destination] = ()


class EnvironmentNamespace(pulumi.ComponentResource):
    """Admits only pods of the `restricted` Pod Security standard, within a quota.

    No pod is reached and none connects until a policy opens a way: names can be looked up,
    the `destinations` are open to every pod, and a service opens its own port.
    """

    name: Output[str]

    def __init__(
        self, name: str, args: EnvironmentNamespaceArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("herald:infra:EnvironmentNamespace", name, {}, opts)
        child = ResourceOptions(parent=self)

        self.namespace = KubernetesObject(
            name,
            api="v1",
            kind="Namespace",
            metadata={
                "name": args.namespace,
                "labels": {**args.labels, **pod_security("restricted")},
            },
            body={},
            opts=child,
        )
        self.name = self.namespace.object_name
        labels = dict(args.labels)
        for kind, suffix, spec in (
            ("ResourceQuota", "quota", {"hard": dict(args.quota)}),
            ("LimitRange", "container-limits", default_limits(args)),
        ):
            KubernetesObject(
                f"{name}-{suffix}",
                api="v1",
                kind=kind,
                metadata=named(suffix, self.name, labels),
                body={"spec": spec},
                opts=child,
            )
        for policy, spec in network_policies(args.destinations).items():
            KubernetesObject(
                f"{name}-{policy}",
                api=NETWORKING,
                kind="NetworkPolicy",
                metadata=named(policy, self.name, labels),
                body={"spec": spec},
                opts=child,
            )
        self.register_outputs({"name": self.name})


def pod_security(level: str) -> dict[str, str]:
    modes = ("enforce", "audit", "warn")
    return {f"pod-security.kubernetes.io/{mode}": level for mode in modes}


def default_limits(args: EnvironmentNamespaceArgs) -> Manifest:
    return {
        "limits": [
            {
                "type": "Container",
                "defaultRequest": dict(args.default_requests),
                "default": dict(args.default_limits),
            }
        ]
    }


def network_policies(destinations: Sequence[Destination]) -> dict[str, Manifest]:
    """By name; together they deny all but what they list, for every pod of the namespace."""
    dns = [{"protocol": protocol, "port": DNS_PORT} for protocol in ("UDP", "TCP")]
    policies = {
        "deny-by-default": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
        "allow-names": every_pod_to([{"ports": dns}]),
    }
    if destinations:
        policies["allow-destinations"] = every_pod_to([egress_to(each) for each in destinations])
    return policies


def every_pod_to(egress: list[dict[str, Any]]) -> Manifest:
    return {"podSelector": {}, "policyTypes": ["Egress"], "egress": egress}


def egress_to(destination: Destination) -> dict[str, Any]:
    block: dict[str, Any] = {"cidr": destination.cidr}
    if destination.excluded:
        block["except"] = list(destination.excluded)
    ports = [{"protocol": "TCP", "port": port} for port in destination.ports]
    return {"to": [{"ipBlock": block}], "ports": ports}
