"""Converts the first letter of names, in which AWS and the SDK differ."""

from collections.abc import Mapping
from typing import Any


def capitalized(value: Any) -> Any:
    """Return `{"roleArn": …}` as `{"RoleArn": …}`, at every depth."""
    return _renamed(value, lambda name: name[:1].upper() + name[1:])


def uncapitalized(value: Any) -> Any:
    return _renamed(value, lambda name: name[:1].lower() + name[1:])


def _renamed(value: Any, rename: Any) -> Any:
    if isinstance(value, Mapping):
        return {rename(name): _renamed(item, rename) for name, item in value.items()}
    if isinstance(value, list):
        return [_renamed(item, rename) for item in value]
    return value
