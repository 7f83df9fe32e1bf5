"""Converts Kubernetes resources to the manifests that the cluster receives."""

import json
from collections.abc import Sequence
from typing import Any

from review.simulation.trial import Recorded

NAMESPACED = ("kubernetes:core/v1:Namespace",)
Manifest = dict[str, Any]


def manifests(resources: Sequence[Recorded]) -> list[Manifest]:
    """Return the manifests in the order of creation, with names from auto-naming."""
    return [
        whole_numbers(
            {**each.inputs, "metadata": {**each.inputs["metadata"], "name": name_of(each)}}
        )
        for each in resources
        if each.type.startswith("kubernetes:")
    ]


def name_of(resource: Recorded) -> str:
    return str(resource.outputs["metadata"]["name"])


def whole_numbers(value: Any) -> Any:
    """Convert whole floats to integers: the engine has one kind of number, Kubernetes two."""
    if isinstance(value, dict):
        return {key: whole_numbers(each) for key, each in value.items()}
    if isinstance(value, list):
        return [whole_numbers(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def as_json(found: Sequence[Manifest]) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(found)})
