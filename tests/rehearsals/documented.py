"""Reads the stack settings and commands of the documentation that a rehearsal follows."""

from typing import Any

import yaml

from tests.docs import pages


def section(page: str, heading: str) -> str:
    """Return the text below a heading, up to the next one."""
    text = pages.TEXTS[page]
    assert f"\n## {heading}\n" in text, f"{page} has no section {heading!r}"
    return text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def settings(page: str, heading: str, **values: str) -> dict[str, Any]:
    """Return the settings that a section adds to the stack file, with own values by their keys."""
    [block] = pages.blocks(section(page, heading), "yaml")
    return replaced(yaml.safe_load(block), values)


def replaced(given: Any, values: dict[str, str]) -> Any:
    if not isinstance(given, dict):
        return given
    return {name: values.get(name) or replaced(each, values) for name, each in given.items()}
