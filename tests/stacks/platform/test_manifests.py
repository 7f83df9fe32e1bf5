"""Every property of a manifest is one that the SDK of Kubernetes knows, of the right type."""

import inspect
import typing
from importlib import import_module
from typing import Any

import pytest
from pulumi import _types

from tests.stacks.stack_files import STACKS

UNKNOWN_TO_SDK = {"kubernetes:karpenter.sh/v1:NodePool"}  # of Auto Mode, see test_cluster_nodes


def arguments_of(token: str) -> type:
    """The class of arguments of `kubernetes:apps/v1:Deployment`."""
    _, path, kind = token.split(":")
    group, version = path.split("/")
    module = import_module(f"pulumi_kubernetes.{group.removesuffix('.k8s.io')}.{version}.{kind}")
    found: type = getattr(module, f"{kind}InitArgs")
    return found


def problems(path: str, value: Any, expected: Any) -> list[str]:
    """What in the value is not as the SDK's type wants it."""
    expected = _types.unwrap_type(expected)
    parts = typing.get_args(expected)
    if inspect.isclass(expected) and _types.is_input_type(expected):
        return of_object(path, value, _types.input_type_types(expected))
    if typing.get_origin(expected) is typing.Literal:
        return [] if value in parts else [f"{path} is {value!r}, expected {parts}"]
    if typing.get_origin(expected) is typing.Union:
        options = [problems(path, value, part) for part in parts]
        return min(options, key=len)
    if parts and isinstance(value, dict):
        return [p for key, each in value.items() for p in problems(f"{path}.{key}", each, parts[1])]
    if parts and isinstance(value, list):
        return [
            p for at, each in enumerate(value) for p in problems(f"{path}[{at}]", each, parts[0])
        ]
    return [] if is_one(value, expected) else [f"{path} is {value!r}, expected {expected}"]


def of_object(path: str, value: Any, known: dict[str, Any]) -> list[str]:
    if not isinstance(value, dict):
        return [f"{path} is {value!r}, expected a map"]
    found = [f"{path}.{name} is no property" for name in sorted(value.keys() - known.keys())]
    for name in sorted(value.keys() & known.keys()):
        found += problems(f"{path}.{name}", value[name], known[name])
    return found


def is_one(value: Any, expected: Any) -> bool:
    if expected is int and isinstance(value, float):  # the engine knows one kind of number
        return value.is_integer()
    return expected is Any or (type(value) is expected)


@pytest.mark.parametrize("stack", STACKS)
def test_manifests_hold_properties_of_right_type(platform, stack):
    manifests = [
        r
        for r in platform(stack).resources
        if r.type.startswith("kubernetes:") and r.type not in UNKNOWN_TO_SDK
    ]
    assert len(manifests) > 30
    found = [
        problem
        for manifest in manifests
        for problem in problems(manifest.name, manifest.inputs, arguments_of(manifest.type))
    ]
    assert found == []


def test_check_finds_misspelt_and_mistyped_properties():
    spec = {
        "replica": 2,
        "paused": "no",
        "selector": {"matchLabels": {"app": 1}},
        "template": {"spec": {"containers": [{"name": "web", "imagePullPolice": "Always"}]}},
    }
    deployment = {"apiVersion": "apps/v2", "kind": "Deployment", "spec": spec}
    found = problems("web", deployment, arguments_of("kubernetes:apps/v1:Deployment"))
    assert [problem.split(",")[0] for problem in found] == [
        "web.apiVersion is 'apps/v2'",
        "web.spec.replica is no property",
        "web.spec.paused is 'no'",
        "web.spec.selector.matchLabels.app is 1",
        "web.spec.template.spec.containers[0].imagePullPolice is no property",
    ]
