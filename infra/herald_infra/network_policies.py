"""Writes the network policies of services, as plain values."""

from collections.abc import Mapping, Sequence
from typing import Any

from herald_infra.kubernetes_object import Manifest
from herald_infra.restricted_pod import selector

NETWORKING = "networking.k8s.io/v1"


def admission(name: str, opened: Mapping[int, Sequence[Mapping[str, Any]]]) -> Manifest:
    """Return rules that open each port only to its peers, and to the kubelet."""
    return {
        "podSelector": selector(name),
        "policyTypes": ["Ingress"],
        "ingress": [
            {"from": [dict(peer) for peer in peers], "ports": [{"protocol": "TCP", "port": port}]}
            for port, peers in opened.items()
            if peers
        ],
    }


def egress(name: str, other: str, ports: list[Manifest]) -> Manifest:
    rules = [{"to": [{"podSelector": selector(other)}], "ports": ports}]
    return {"podSelector": selector(name), "policyTypes": ["Egress"], "egress": rules}


def ingress(name: str, other: str, ports: list[Manifest]) -> Manifest:
    rules = [{"from": [{"podSelector": selector(other)}], "ports": ports}]
    return {"podSelector": selector(name), "policyTypes": ["Ingress"], "ingress": rules}
