"""Selects the programs of `programs.toml`, with their places and keys."""

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64"}

# Inlining costs a third of the compiler's time.  It stays where programs spend theirs.
INLINED = (
    "std",
    "github.com/klauspost/compress/...",
    "google.golang.org/protobuf/...",
    "k8s.io/apimachinery/...",
    "sigs.k8s.io/structured-merge-diff/...",
)
FLAGS = (
    "-trimpath",
    "-buildvcs=false",
    "-pgo=off",
    "-gcflags=all=-dwarf=false -l",
    *(f"-gcflags={pattern}=-dwarf=false" for pattern in INLINED),
)


class ToolsError(Exception):
    """Reports an error in one sentence."""


@dataclass(frozen=True, kw_only=True)
class Program:
    """Describes a program that is built from Go packages of `local/programs/go.mod`."""

    name: str
    binaries: dict[str, str]  # Go package by file name
    ldflags: str = ""
    links: dict[str, str] = field(default_factory=dict)  # binary by other name
    embed: dict[str, str] | None = None  # file of a module that is copied beside main.go
    offer: dict[str, Any] | None = None  # program of the user that can be used instead
    unless: str | None = field(default=None, repr=False)  # variable that replaces the program
    optional: bool = field(default=False, repr=False)  # built only by name

    def key(self) -> str:
        """Identify a build: platform, module, what is left out, and this program's own files."""
        digest = hashlib.sha256(f"{this_platform()}{self!r}{shared_digest(HERE)}".encode())
        for package in sorted(self.binaries.values()):
            if package.startswith("./"):
                add_files(digest, HERE / package)
        return digest.hexdigest()[:16]

    @property
    def folder(self) -> Path:
        return cache_folder() / "tools" / f"{self.name}-{self.key()}"


def this_platform() -> str:
    machine = platform.machine()
    return f"{sys.platform}-{ARCHITECTURES.get(machine, machine)}"


@cache
def shared_digest(folder: Path) -> str:
    """Return the digest of the files of every build."""
    digest = hashlib.sha256(repr(FLAGS).encode())
    for name in ("go.mod", "go.sum", "go.lock", "edits.toml", "workspace.py"):
        if (folder / name).exists():
            digest.update(name.encode() + b"\0" + (folder / name).read_bytes())
    for part in ("left-out", "replaced"):
        add_files(digest, folder / part)
    return digest.hexdigest()


def add_files(digest: "hashlib._Hash", folder: Path) -> None:
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(str(file.relative_to(folder)).encode() + b"\0" + file.read_bytes())


def cache_folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(os.environ.get("HERALD_CACHE") or f"{base}/herald")


def programs() -> list[Program]:
    table = tomllib.loads((HERE / "programs.toml").read_text())
    return [Program(name=name, **entry) for name, entry in table.items()]


def chosen(names: Sequence[str], variables: Mapping[str, str] = os.environ) -> list[Program]:
    """Return the named programs, or all that this environment needs."""
    known = programs()
    if not names:
        return [p for p in known if not p.optional and not (p.unless and variables.get(p.unless))]
    if unknown := {*names} - {program.name for program in known}:
        raise ToolsError(f"programs.toml has no {', '.join(sorted(unknown))}")
    return [program for program in known if program.name in names]


def version_of(text: str) -> tuple[int, ...]:
    match = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", text)
    return tuple(int(part or 0) for part in match.groups()) if match else ()


def offered(program: Program, links: Path) -> str | None:
    """Return the path of the user's program if it is new enough and not one of ours."""
    offer = program.offer
    path = shutil.which(offer["program"]) if offer else None
    if not offer or not path or Path(path).parent.resolve() == links.resolve():
        return None
    if not shutil.which(offer["beside"]):
        return None
    shown = subprocess.run([path, *offer["version"]], capture_output=True, text=True, check=False)
    return path if version_of(shown.stdout) >= version_of(offer["least"]) else None


def link(folder: Path, links: Path) -> None:
    for binary in folder.iterdir():
        place = links / binary.name
        if not place.is_symlink() or place.readlink() != binary:
            place.unlink(missing_ok=True)
            place.symlink_to(binary)


def superseded(days: float, now: float) -> Iterator[Path]:
    """Return the folders of builds that no `make up` has used for so many days."""
    kept = {program.folder for program in programs()}
    for folder in (cache_folder() / "tools").glob("*-*"):
        if folder.is_dir() and folder not in kept and folder.stat().st_mtime < now - days * 86400:
            yield folder
