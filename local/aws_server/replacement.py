"""Replaces methods of moto's classes."""

from collections.abc import Callable
from typing import Any


class MotoChanged(Exception):
    """Reports that moto no longer has a replaced method."""


def replace_method(owner: type, name: str, method: Callable[..., Any]) -> None:
    if not callable(getattr(owner, name, None)):
        raise MotoChanged(
            f"moto has no {owner.__name__}.{name} to replace; see whether it is still needed."
        )
    setattr(owner, name, method)


def replace_property(owner: type, name: str, value: Callable[[Any], Any]) -> None:
    if not isinstance(getattr(owner, name, None), property):
        raise MotoChanged(
            f"moto has no property {owner.__name__}.{name} to replace; see whether it is needed."
        )
    setattr(owner, name, property(value))


def add_method(owner: type, name: str, method: Callable[..., Any]) -> None:
    if hasattr(owner, name):
        raise MotoChanged(f"moto has its own {owner.__name__}.{name} by now; remove ours.")
    setattr(owner, name, method)


def add_attribute(owner: type, name: str, value: object) -> None:
    if hasattr(owner, name):
        raise MotoChanged(f"moto has its own {owner.__name__}.{name} by now; choose another name.")
    setattr(owner, name, value)
