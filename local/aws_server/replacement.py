"""Replaces methods of moto's classes."""

from collections.abc import Callable
from typing import Any


class MotoChanged(Exception):
    """Reports that moto changed a class that we extend."""


def replace_method(owner: type, name: str, method: Callable[..., Any]) -> None:
    if not callable(getattr(owner, name, None)):
        raise MotoChanged(
            f"Expected the method {owner.__name__}.{name} in moto, but it is gone; adapt or remove "
            "our replacement."
        )
    setattr(owner, name, method)


def replace_property(owner: type, name: str, value: Callable[[Any], Any]) -> None:
    if not isinstance(getattr(owner, name, None), property):
        raise MotoChanged(
            f"Expected the property {owner.__name__}.{name} in moto, but it is gone; adapt or "
            "remove our replacement."
        )
    setattr(owner, name, property(value))


def add_method(owner: type, name: str, method: Callable[..., Any]) -> None:
    if hasattr(owner, name):
        raise MotoChanged(f"moto now has its own {owner.__name__}.{name}; remove ours.")
    setattr(owner, name, method)


def add_attribute(owner: type, name: str, value: object) -> None:
    if hasattr(owner, name):
        raise MotoChanged(f"moto now has its own {owner.__name__}.{name}; choose another name.")
    setattr(owner, name, value)
