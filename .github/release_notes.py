"""Prints the changelog's section of a tag: python3 .github/release_notes.py v0.1.0

Fails if the section is missing or empty, or if a package has another version.
"""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = (
    "pyproject.toml",
    "infra/pyproject.toml",
    "operations/pyproject.toml",
    "services/*/pyproject.toml",
)


def notes(changelog: str, version: str) -> str:
    """Return the text between the heading of a version and the next one."""
    pattern = rf"^## \[{re.escape(version)}\][^\n]*\n(.*?)(?=^## \[|\Z)"
    found = re.search(pattern, changelog, re.DOTALL | re.MULTILINE)
    if found is None or not found[1].strip():
        raise SystemExit(f"CHANGELOG.md has no text for {version}; move it there from Unreleased")
    return found[1].strip()


def other_versions(root: Path, version: str) -> dict[str, str]:
    """Return the packages whose version is not the tag's."""
    files = sorted(file for pattern in PACKAGES for file in root.glob(pattern))
    versions = {
        str(file.relative_to(root)): tomllib.loads(file.read_text(encoding="utf-8"))["project"][
            "version"
        ]
        for file in files
    }
    return {name: found for name, found in versions.items() if found != version}


def main(tag: str, root: Path = ROOT) -> None:
    version = tag.removeprefix("v")
    if others := other_versions(root, version):
        listed = ", ".join(f"{name} has {found}" for name, found in others.items())
        raise SystemExit(f"expected version {version} in every package, but {listed}")
    print(notes((root / "CHANGELOG.md").read_text(encoding="utf-8"), version))


if __name__ == "__main__":
    main(sys.argv[1])
