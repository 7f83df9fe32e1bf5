"""Reads the table of resource types, which simulation, costs and audit read as well."""

import tomllib
from pathlib import Path
from typing import Any

TABLE = Path(__file__).parent / "resource_types.toml"
TYPES: dict[str, dict[str, Any]] = tomllib.loads(TABLE.read_text(encoding="utf-8"))


def find_types(mark: str) -> tuple[str, ...]:
    """Return the types with a mark, for example `tags`."""
    return tuple(name for name, entry in TYPES.items() if entry.get(mark))
