"""Creates pods of the `restricted` Pod Security standard, as plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pulumi import Input

from herald_infra.kubernetes_object import Manifest
from herald_infra.service_secret import SecretKey

USER = 10001  # of the images; no account of a node has this id
NAME_LABEL = "app.kubernetes.io/name"
TMP = "64Mi"  # writable by a container
DISK = "256Mi"  # including logs, which the node keeps until their rotation


@dataclass(frozen=True, kw_only=True)
class Resources:
    """Describes quantities in the notation of Kubernetes."""

    cpu_request: str
    memory_request: str
    cpu_limit: str
    memory_limit: str

    def manifest(self) -> Manifest:
        return {
            "requests": {
                "cpu": self.cpu_request,
                "memory": self.memory_request,
                "ephemeral-storage": TMP,
            },
            "limits": {
                "cpu": self.cpu_limit,
                "memory": self.memory_limit,
                "ephemeral-storage": DISK,
            },
        }


@dataclass(frozen=True, kw_only=True)
class Environment:
    """Describes the settings of a process: plain values, and secrets for its pods."""

    values: Mapping[str, Input[str]] = field(default_factory=dict)
    secrets: Mapping[str, SecretKey] = field(default_factory=dict)

    def __or__(self, other: "Environment") -> "Environment":
        return Environment(
            values={**self.values, **other.values}, secrets={**self.secrets, **other.secrets}
        )

    def names(self) -> set[str]:
        return {*self.values, *self.secrets}

    def variables(self) -> list[dict[str, Any]]:
        entries: dict[str, dict[str, Any]] = {
            **{name: {"value": value} for name, value in self.values.items()},
            **{name: {"valueFrom": key.reference()} for name, key in self.secrets.items()},
        }
        return [{"name": name, **entry} for name, entry in sorted(entries.items())]

    def plain_values(self) -> dict[str, Input[str]]:
        """Return every setting with its value; secret values stay secret outputs."""
        return {**self.values, **{name: key.value for name, key in self.secrets.items()}}


def container(
    name: str,
    *,
    image: Input[str],
    environment: Environment,
    resources: Resources,
    arguments: Sequence[str] = (),
    more: Manifest | None = None,
) -> Manifest:
    """Return a container that writes only to /tmp and cannot gain privileges."""
    written: Manifest = {
        "name": name,
        "image": image,
        "env": environment.variables(),
        "resources": resources.manifest(),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
        **(more or {}),
    }
    return {**written, "args": list(arguments)} if arguments else written


def pod(labels: Mapping[str, str], container: Manifest, spec: Manifest) -> Manifest:
    """Return a pod template; a new secret has a new name, so that pods are replaced."""
    return {
        "metadata": {"labels": dict(labels)},
        "spec": {
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": USER,
                "runAsGroup": USER,
                "fsGroup": USER,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [container],
            "volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": TMP}}],
            **spec,
        },
    }


def selector(name: str) -> Manifest:
    return {"matchLabels": {NAME_LABEL: name}}


def spread(name: str) -> list[Manifest]:
    return [
        {
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": selector(name),
        }
        for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
    ]
