"""Converts the first letter of names: AWS uses capitals, the SDK does not."""

from collections.abc import Mapping
from typing import Any


def capitalize(value: Any) -> Any:
    """Return `{"roleArn": …}` as `{"RoleArn": …}`, at every depth."""
    return _rename_keys(value, lambda name: name[:1].upper() + name[1:])


def uncapitalize(value: Any) -> Any:
    return _rename_keys(value, lambda name: name[:1].lower() + name[1:])


def _rename_keys(value: Any, rename: Any) -> Any:
    if isinstance(value, Mapping):
        return {rename(name): _rename_keys(item, rename) for name, item in value.items()}
    if isinstance(value, list):
        return [_rename_keys(item, rename) for item in value]
    return value
