"""A folder imports only itself and the folders above it in the table of the README."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TABLE = (ROOT / "README.md").read_text(encoding="utf-8").partition("\n## Folders\n")[2]
FOLDERS = re.findall(r"^\| `(\w+)/` \|", TABLE, re.MULTILINE)
ALONE = ("infra", "services", "plugins")  # work without the rest of the project
PACKAGES = {
    package.name: folder
    for folder, pattern in (("infra", "*"), ("services", "*/*"), ("review", "policies/*"))
    for package in (ROOT / folder).glob(pattern)
    if (package / "__init__.py").exists()
}


def imports(source: str) -> Iterator[str]:
    """Return the top-level names that a module imports, also within functions."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


def folder_of(name: str) -> str | None:
    return name if name in FOLDERS else PACKAGES.get(name)


def modules(folder: str) -> Iterator[Path]:
    for file in (ROOT / folder).rglob("*.py"):
        if ".venv" not in file.parts:
            yield file


def test_table_has_every_folder() -> None:
    folders = [path.name for path in ROOT.glob("[!.]*/") if any(modules(path.name))]
    assert sorted(folders) == sorted(FOLDERS)


@pytest.mark.parametrize("folder", FOLDERS)
def test_imports_stay_above(folder: str) -> None:
    above = () if folder in ALONE else FOLDERS[: FOLDERS.index(folder)]
    wrong = [
        f"{file.relative_to(ROOT)} imports {name}"
        for file in modules(folder)
        for name in imports(file.read_text(encoding="utf-8"))
        if folder_of(name) not in (None, folder, *above)
    ]
    assert wrong == []
