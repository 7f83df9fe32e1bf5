"""Creates Kubernetes objects from manifests, without the generated classes of the SDK.

The import of one generated class loads every API group: 2 s and 75 MB per run.
"""

from functools import cache
from importlib.metadata import version
from typing import Any

import pulumi
from pulumi import Input, Output, ResourceOptions

Manifest = dict[str, Any]


class KubernetesObject(pulumi.CustomResource):
    """Creates an object of the cluster, with the provider and type token of the official SDK."""

    metadata: Output[dict[str, Any]]
    status: Output[Any]  # what the cluster says of it

    def __init__(
        self,
        name: str,
        *,
        api: str,
        kind: str,
        metadata: Manifest,
        body: Manifest,
        opts: ResourceOptions | None = None,
    ) -> None:
        """Create an object; `api` is that of a manifest (`v1`, `apps/v1`), `body` the rest."""
        group = api if "/" in api else f"core/{api}"
        super().__init__(
            f"kubernetes:{group}:{kind}",
            name,
            {"apiVersion": api, "kind": kind, "metadata": metadata, "status": None, **body},
            ResourceOptions.merge(ResourceOptions(version=sdk_version()), opts),
        )

    @property
    def object_name(self) -> Output[str]:
        return self.metadata["name"]


@cache
def sdk_version() -> str:
    """Return the provider version that belongs to the installed SDK."""
    return version("pulumi-kubernetes")


def fixed_metadata(name: Input[str], namespace: Input[str], labels: dict[str, str]) -> Manifest:
    """Return the metadata of an object whose fixed name other programs use."""
    return {"name": name, "namespace": namespace, "labels": labels}
