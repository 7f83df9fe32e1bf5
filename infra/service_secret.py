"""A secret of the cluster whose keys become settings of services."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi import Input, Output, ResourceOptions

from infra.kubernetes_object import KubernetesObject, named


@dataclass(frozen=True, kw_only=True)
class SecretKey:
    """One value of a secret: pods get it by reference, everyone else as a secret output."""

    secret: Output[str]
    key: str
    value: Output[str]

    def reference(self) -> dict[str, Any]:
        return {"secretKeyRef": {"name": self.secret, "key": self.key}}


@dataclass(frozen=True, kw_only=True)
class ServiceSecretArgs:
    namespace: Input[str]
    labels: Mapping[str, str]
    data: Mapping[str, Input[str]]


class ServiceSecret(pulumi.ComponentResource):
    """An opaque secret with a fixed name; `key` hands out one of its values."""

    name: Output[str]

    def __init__(
        self, name: str, args: ServiceSecretArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("herald:infra:ServiceSecret", name, {}, opts)
        self.values = {key: Output.secret(value) for key, value in args.data.items()}
        self.secret = KubernetesObject(
            name,
            api="v1",
            kind="Secret",
            metadata=named(name, args.namespace, dict(args.labels)),
            body={"type": "Opaque", "stringData": self.values},
            opts=ResourceOptions(parent=self, additional_secret_outputs=["stringData", "data"]),
        )
        self.name = self.secret.object_name
        self.register_outputs({"name": self.name})

    def key(self, key: str) -> SecretKey:
        return SecretKey(secret=self.name, key=key, value=self.values[key])
