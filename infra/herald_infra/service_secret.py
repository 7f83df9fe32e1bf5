"""Creates a secret whose keys are settings of services."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi import Input, Output, ResourceOptions

from herald_infra.kubernetes_object import KubernetesObject, Manifest, fixed_metadata


@dataclass(frozen=True, kw_only=True)
class SecretKey:
    """Describes a value of a secret: pods read it by reference, other code as a secret output."""

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
    """Creates an immutable secret: new values create a new one, to which pods then refer.

    Pods of an earlier version keep their secret until the update has succeeded. `key` returns one
    of the values. `publish` also writes the values under the fixed name.
    """

    name: Output[str]

    def __init__(
        self, name: str, args: ServiceSecretArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("herald:infra:ServiceSecret", name, {}, opts)
        self.fixed_name, self.args = name, args
        self.values = {key: Output.secret(value) for key, value in args.data.items()}
        head = {"namespace": args.namespace, "labels": dict(args.labels)}
        self.version = self.object(f"{name}-version", head, {"immutable": True})
        self.name = self.version.object_name
        self.register_outputs({"name": self.name})

    def object(
        self, name: str, head: Manifest, more: Manifest, after: Sequence[pulumi.Resource] = ()
    ) -> KubernetesObject:
        return KubernetesObject(
            name,
            api="v1",
            kind="Secret",
            metadata=head,
            body={"type": "Opaque", "stringData": self.values, **more},
            opts=ResourceOptions(
                parent=self,
                additional_secret_outputs=["stringData", "data"],
                depends_on=list(after),
            ),
        )

    def key(self, key: str) -> SecretKey:
        return SecretKey(secret=self.name, key=key, value=self.values[key])

    def publish(self, after: Sequence[pulumi.Resource]) -> None:
        """Write the values under the fixed name when the services use them."""
        head = fixed_metadata(self.fixed_name, self.args.namespace, dict(self.args.labels))
        self.object(self.fixed_name, head, {}, after)
