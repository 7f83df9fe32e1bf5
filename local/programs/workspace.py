"""The Go module in which programs are built: a copy of this folder without what is left out.

A folder of `left-out/` stands for the Go package of the same import path.  With a `go.mod` it
stands for the whole module, which is then not even downloaded.  Go refuses overlays of its module
cache, so a module that loses packages is copied and named by a `replace`.
"""

import json
import re
import shutil
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

from local.programs.programs import HERE, Program, ToolsError

Go = Callable[..., str]  # runs go in a folder and returns its output
GO_FILES = shutil.ignore_patterns("*_test.go", "testdata", "tests")
OURS = shutil.ignore_patterns("__pycache__", "*.py", "*.toml", "*.lock")


def make_workspace(folder: Path, programs: list[Program], go: Go) -> None:
    """Fill `folder` with the module, ready for `go build`."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(HERE, folder, ignore=OURS)
    versions = required_versions((folder / "go.mod").read_text())
    modules = download(folder, wanted_modules(folder, programs, versions), versions, go)
    for program in programs:
        if program.embed:
            [package] = program.binaries.values()
            source = modules[program.embed["module"]] / program.embed["file"]
            shutil.copyfile(source, folder / package / source.name)
    copies = Copies(folder, modules)
    for package in sorted(set(left_out_packages(folder))):
        copies.replace_package(module_of(package, versions), package)
    for edit in edits():
        copies.edit(**edit)
    replaced = [*replace_modules(folder), *copies.places.items()]
    if replaced:
        go(folder, "mod", "edit", *(f"-replace={module}={path}" for module, path in replaced))


def required_versions(go_mod: str) -> dict[str, str]:
    """Module path -> version of every requirement."""
    return dict(re.findall(r"^(?:require)?\s+([\w./~-]+) (v\S+)", go_mod, re.M))


def module_of(package: str, versions: dict[str, str]) -> str:
    parts = package.split("/")
    for length in range(len(parts), 0, -1):
        if (module := "/".join(parts[:length])) in versions:
            return module
    raise ToolsError(
        f"left-out/{package} is in no module of local/programs/go.mod; remove the folder"
    )


def left_out_packages(folder: Path) -> Iterator[str]:
    """Import paths of packages that are replaced one by one."""
    root = folder / "left-out"
    whole = {path.parent for path in root.rglob("go.mod")}
    for file in root.rglob("*.go"):
        if whole.isdisjoint(file.parents):
            yield str(file.parent.relative_to(root))


def wanted_modules(folder: Path, programs: list[Program], versions: dict[str, str]) -> set[str]:
    """The modules that are read before the build: copied, or taken a file from."""
    embedded = {program.embed["module"] for program in programs if program.embed}
    edited = {edit["module"] for edit in edits()}
    return (
        embedded | edited | {module_of(package, versions) for package in left_out_packages(folder)}
    )


def download(folder: Path, modules: set[str], versions: dict[str, str], go: Go) -> dict[str, Path]:
    """Module path -> its folder in Go's module cache."""
    if not modules:
        return {}
    names = [f"{module}@{versions[module]}" for module in sorted(modules)]
    text, decoder, folders = go(folder, "mod", "download", "-json", *names), json.JSONDecoder(), {}
    while text := text.lstrip():
        entry, end = decoder.raw_decode(text)
        folders[entry["Path"]], text = Path(entry["Dir"]), text[end:]
    return folders


def replace_modules(folder: Path) -> Iterator[tuple[str, str]]:
    root = folder / "left-out"
    for go_mod in sorted(root.rglob("go.mod")):
        module = str(go_mod.parent.relative_to(root))
        yield module, f"./left-out/{module}"


def edits() -> list[dict[str, str]]:
    file = HERE / "edits.toml"
    table = tomllib.loads(file.read_text()) if file.exists() else {}
    return list(table.get("edits", ()))


class Copies:
    """Copies of modules, for changes; `places` are the arguments of `replace`."""

    def __init__(self, folder: Path, modules: dict[str, Path]) -> None:
        self.folder, self.modules, self.places = folder, modules, dict[str, str]()

    def copy(self, module: str) -> Path:
        copy = self.folder / "copies" / module
        if module not in self.places:
            shutil.copytree(
                self.modules[module], copy, ignore=GO_FILES, copy_function=shutil.copyfile
            )
            for path in (copy, *copy.rglob("*")):
                if path.is_dir():
                    path.chmod(0o755)  # folders of Go's module cache can be read-only
            self.places[module] = f"./copies/{module}"
        return copy

    def replace_package(self, module: str, package: str) -> None:
        place = self.copy(module) / Path(package).relative_to(module)
        for file in place.glob("*.go"):
            file.unlink()
        shutil.copytree(self.folder / "left-out" / package, place, dirs_exist_ok=True)

    def edit(self, *, module: str, file: str, old: str, new: str) -> None:
        path = self.copy(module) / file
        text = path.read_text()
        if text.count(old) != 1:
            raise ToolsError(
                f"edits.toml expects {old!r} once in {file} of {module}; remove the edit if"
                " the module has changed"
            )
        path.write_text(text.replace(old, new))
