"""Kubernetes objects as their manifests are written, without the SDK's generated classes.

Importing one generated class loads every API group: 2 s and 75 MB for each run.
"""

from functools import cache
from importlib.metadata import version
from typing import Any

import pulumi
from pulumi import Input, Output, ResourceOptions

Manifest = dict[str, Any]


class KubernetesObject(pulumi.CustomResource):
    """One object of the cluster; the provider and the type token are the official ones."""

    metadata: Output[dict[str, Any]]

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
        """`api` is written as in a manifest (`v1`, `apps/v1`); `body` is all but the head."""
        group = api if "/" in api else f"core/{api}"
        super().__init__(
            f"kubernetes:{group}:{kind}",
            name,
            {"apiVersion": api, "kind": kind, "metadata": metadata, **body},
            ResourceOptions.merge(ResourceOptions(version=sdk_version()), opts),
        )

    @property
    def object_name(self) -> Output[str]:
        return self.metadata["name"]


@cache
def sdk_version() -> str:
    """The provider version that belongs to the installed SDK."""
    return version("pulumi-kubernetes")


def named(name: Input[str], namespace: Input[str], labels: dict[str, str]) -> Manifest:
    """The head of an object whose name others rely on, so it gets no random ending."""
    return {"name": name, "namespace": namespace, "labels": labels}
