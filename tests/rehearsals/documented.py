"""Reads the stack settings and commands of the documentation that a rehearsal follows."""

from typing import Any

import yaml

from tests.docs import pages
from tests.docs.pages import section


def settings(page: str, heading: str, **values: str) -> dict[str, Any]:
    """Return the settings that a section adds to the stack file, with own values by their keys."""
    [block] = pages.blocks(section(page, heading), "yaml")
    return replaced(yaml.safe_load(block), values)


def commands(page: str, heading: str, program: str, **names: str) -> list[list[str]]:
    """Return the arguments of a program's commands in a section, with own names."""
    text = section(page, heading)
    found = [each.split() for each in (*pages.inline_code(text), *pages.commands(text))]
    return [[names.get(word, word) for word in each[1:]] for each in found if each[0] == program]


def rows(page: str, heading: str) -> dict[str, str]:
    """Return the rest of each row of the table in a section, by the first cell."""
    lines = [line for line in section(page, heading).splitlines() if line.startswith("| ")]
    cells = [line.strip("| ").partition(" | ") for line in lines]
    return {first: rest for first, _, rest in cells[1:]}


def replaced(given: Any, values: dict[str, str]) -> Any:
    if not isinstance(given, dict):
        return given
    return {name: values.get(name) or replaced(each, values) for name, each in given.items()}
