"""Plans Kubernetes objects as the official provider does when it renders YAML."""

import base64
from collections.abc import Collection
from functools import cache

from plugins.rehearsal import Rehearsed, RehearsedPackage, rehearsed_type
from plugins.resource import AutoName, Resource
from plugins.sdk_messages import package_folder
from plugins.values import UNKNOWN, Properties, has_unknown

SDK = "pulumi_kubernetes"
AUTONAMED = "pulumi.com/autonamed"


class Object(Rehearsed[None]):
    """Adds a name to the metadata, as the official provider does."""

    auto_name = AutoName(property="metadata", digits=8)

    @classmethod
    def is_named(cls, inputs: Properties) -> bool:
        metadata = inputs.get("metadata") or {}
        return metadata is UNKNOWN or "name" in metadata or "generateName" in metadata

    @classmethod
    def with_name(cls, inputs: Properties, name: str) -> Properties:
        metadata = inputs.get("metadata") or {}
        annotations = {**(metadata.get("annotations") or {}), AUTONAMED: "true"}
        return {**inputs, "metadata": {**metadata, "name": name, "annotations": annotations}}

    @classmethod
    def proposed_name(cls, olds: Properties, defaults: Collection[str]) -> str | None:
        metadata = olds.get("metadata") or {}
        made = (metadata.get("annotations") or {}).get(AUTONAMED) == "true"
        return str(metadata["name"]) if made else None

    @classmethod
    def keeps_name(cls, olds: Properties, news: Properties) -> bool:
        return cls.proposed_name(olds, ()) is None and super().keeps_name(olds, news)


class Secret(Object):
    """Stores `stringData` as `data`, as a cluster does."""

    secret_inputs = frozenset({"data", "stringData"})

    def prepare(self, inputs: Properties) -> Properties:
        plain = inputs.get("stringData")
        if not plain or has_unknown(inputs):
            return inputs
        encoded = {name: base64.b64encode(text.encode()).decode() for name, text in plain.items()}
        rest = {name: value for name, value in inputs.items() if name != "stringData"}
        return {**rest, "data": {**(inputs.get("data") or {}), **encoded}}


class CustomObject(Object):
    declared = False


class KubernetesPackage(RehearsedPackage):
    name = "kubernetes"
    sdk = SDK

    def resource_type(self, token: str) -> type[Resource[None]]:
        return object_type(token)


@cache
def object_type(token: str) -> type[Rehearsed[None]]:
    if is_custom(token):
        return CustomObject
    return rehearsed_type(SDK, token, Secret if token == "kubernetes:core/v1:Secret" else Object)


def is_custom(token: str) -> bool:
    """Return True if a definition in the cluster describes the type, and the SDK lacks it."""
    group = token.split(":")[1].partition("/")[0]
    own = "." not in group or group.endswith(".k8s.io")
    return not own or not (package_folder(SDK) / group.partition(".")[0]).is_dir()
