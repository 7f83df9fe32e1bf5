"""Creates a namespace for one environment, with limits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi import Output, ResourceOptions

from herald_infra.kubernetes_object import KubernetesObject, Manifest, fixed_metadata
from herald_infra.network_policies import NETWORKING

DNS_PORT = 53


@dataclass(frozen=True, kw_only=True)
class Destination:
    """Describes addresses outside of the namespace to which pods may connect."""

    cidr: str
    ports: Sequence[int]
    excluded: Sequence[str] = ()  # parts of `cidr` that stay closed, for example a metadata service


@dataclass(frozen=True, kw_only=True)
class EnvironmentNamespaceArgs:
    namespace: str
    labels: Mapping[str, str] = field(default_factory=dict)
    # In the form of a ResourceQuota: {"pods": "40", "limits.memory": "16Gi"}
    quota: Mapping[str, str]
    default_requests: Mapping[str, str]  # for containers without requests
    default_limits: Mapping[str, str]
    destinations: Sequence[Destination] = ()
    after: Sequence[pulumi.Resource] = ()  # what must be done before anything runs in it


class EnvironmentNamespace(pulumi.ComponentResource):
    """Creates a namespace with a quota that admits pods of the `restricted` Pod Security standard.

    Network policies deny all traffic by default. Every pod may look up names and connect to the
    `destinations`. Each service opens its own port.
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
            opts=ResourceOptions.merge(child, ResourceOptions(depends_on=list(args.after))),
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
                metadata=fixed_metadata(suffix, self.name, labels),
                body={"spec": spec},
                opts=child,
            )
        for policy, spec in network_policies(args.destinations).items():
            KubernetesObject(
                f"{name}-{policy}",
                api=NETWORKING,
                kind="NetworkPolicy",
                metadata=fixed_metadata(policy, self.name, labels),
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
    """Return the network policies by name; together they deny all other traffic of the pods."""
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
