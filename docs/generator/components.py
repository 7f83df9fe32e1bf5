"""Describes every component of `herald_infra`: promise, arguments, outputs and grants."""

import dataclasses
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import herald_infra
import pulumi
from herald_infra.use import Use

from docs.generator.markdown import annotations_of, code, comments_of, page, paragraphs, table

INTRODUCTION = """\
Each component is a Pulumi `ComponentResource` in a module of `herald_infra`. Its arguments are a
frozen, keyword-only class. Its outputs are attributes. [Use one component
elsewhere](../how-to/use-a-component.md) shows a complete program."""


def components_page() -> str:
    found = list(components())
    contents = table(
        ("component", "module"),
        [(f"[{one.__name__}](#{one.__name__.lower()})", code(one.__module__)) for one in found],
    )
    return page("Components", INTRODUCTION, contents, *map(section, found))


def components() -> Iterator[type[pulumi.ComponentResource]]:
    """Return every component class, by name."""
    found: dict[str, type[pulumi.ComponentResource]] = {}
    for file in Path(herald_infra.__file__).parent.glob("*.py"):
        module = importlib.import_module(f"herald_infra.{file.stem}")
        for name, value in vars(module).items():
            if (
                isinstance(value, type)
                and issubclass(value, pulumi.ComponentResource)
                and value.__module__ == module.__name__
            ):
                found[name] = value
    for name in sorted(found):
        yield found[name]


def section(component: type[pulumi.ComponentResource]) -> str:
    module = importlib.import_module(component.__module__)
    arguments = getattr(module, f"{component.__name__}Args", None)
    parts = [f"## {component.__name__}\n", f"`{component.__module__}`\n"]
    parts.append(paragraphs(component.__doc__) + "\n")
    if arguments is not None:
        parts.append(table(("argument", "type", "default", "notes"), argument_rows(arguments)))
    if outputs := list(component.__annotations__):
        parts.append(f"Outputs: {', '.join(map(code, outputs))}.\n")
    if grants := [f"`{name}()`" for name in vars(component) if is_offered(component, name)]:
        parts.append(f"Methods: {', '.join(grants)}.\n")
    return "\n".join(parts)


def is_offered(component: type, name: str) -> bool:
    """Return True if the method grants a use, states a permission, or draws panels."""
    returned = getattr(vars(component)[name], "__annotations__", {}).get("return")
    grants = returned in (Use, "Use") and name != "use"
    return grants or name == "panels" or name.endswith(("_statement", "_statements"))


def argument_rows(arguments: type) -> Iterator[tuple[str, str, str, str]]:
    comments, types = comments_of(arguments), annotations_of(arguments)
    for field in dataclasses.fields(arguments):
        note = comments.get(field.name, "")
        yield code(field.name), code(types[field.name]), default(field), note


def default(field: "dataclasses.Field[Any]") -> str:
    if field.default is not dataclasses.MISSING:
        return code(repr(field.default))
    if field.default_factory is not dataclasses.MISSING:
        return code(repr(field.default_factory()))
    return "required"
