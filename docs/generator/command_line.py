"""Describes the commands of `herald` and the targets of `make`."""

import re
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

from typer.main import get_command

from docs.generator.markdown import code, page, paragraphs, table
from operations.command_line import app
from stacks.config.project import ROOT

HERALD = """\
`make shell` opens a shell with `herald` on the `PATH`. Commands that read a stack need `pulumi`,
and access to its state and its account. The exit status is 0 if a command
succeeds, 1 if it fails, and 2 if its arguments are wrong."""
MAKE = """\
`make` alone prints this list."""
NAMES = {
    str: "text",
    list[str]: "text, repeatable",
    int: "number",
    Path: "file or folder",
    float: "number",
}
TARGET = re.compile(r"^(?P<name>[a-z-]+):.*## (?P<help>.+)$", re.MULTILINE)


def commands_page() -> str:
    command = get_command(app)
    sections = [section(name, one) for name, one in walk("herald", command)]
    return page("The herald command", HERALD, *sections)


def walk(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    """Return every command that does something, with its full name."""
    for word, inner in sorted(getattr(command, "commands", {}).items()):
        yield from walk(f"{name} {word}", inner)
    if not hasattr(command, "commands"):
        yield name, command


def section(name: str, command: Any) -> str:
    rows = [
        (
            code(option.name.upper())
            if option.param_type_name == "argument"
            else ", ".join(map(code, option.opts)),
            type_of(option),
            default_of(option),
            option.help or "",
        )
        for option in command.params
        if option.name != "help"
    ]
    options = table(("option", "value", "default", "notes"), rows)
    return f"## {name}\n\n{paragraphs(command.help)}\n\n{options}"


def type_of(option: Any) -> str:
    if getattr(option, "is_flag", False):  # an argument never is
        return "flag"
    kind = option.type_descriptor.annotation
    if isinstance(kind, type) and issubclass(kind, Enum):
        return ", ".join(code(one.value) for one in kind)
    return NAMES[kind]


def default_of(option: Any) -> str:
    if option.required:
        return "required"
    default = getattr(option.default, "value", option.default)
    return "" if default in (None, False) else code(default)


def make_page() -> str:
    text = (ROOT / "Makefile").read_text(encoding="utf-8").replace("$$", "$")
    rows = [(code(f"make {found['name']}"), found["help"]) for found in TARGET.finditer(text)]
    return page("Targets of make", MAKE, table(("target", "what it does"), rows))
