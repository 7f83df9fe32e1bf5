"""Reads the name of the project, which is the prefix of its keys in stack files."""

import re
from pathlib import Path


def find_root() -> Path:
    """Return the checkout of this module, or else the project of the working directory."""
    checkout = Path(__file__).parents[2]
    if (checkout / "Pulumi.yaml").exists():
        return checkout
    here = Path.cwd()
    candidates = (folder for folder in (here, *here.parents) if (folder / "Pulumi.yaml").exists())
    return next(candidates, here)


ROOT = find_root()
FILE = ROOT / "Pulumi.yaml"


def read_name(file: Path = FILE) -> str:
    """Return `name` of `Pulumi.yaml`, or the name of Herald outside of a checkout."""
    if not file.exists():
        return "herald"
    found = re.search(r"(?m)^name: *(\S+)", file.read_text(encoding="utf-8"))
    return found[1] if found else "herald"


PROJECT = read_name()
