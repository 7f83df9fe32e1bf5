"""The packages and sources in an image, as the files of its layers tell them."""

import email
import hashlib
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email.message import Message
from pathlib import PurePosixPath
from typing import BinaryIO

from herald.errors import OperatorError

DPKG = "var/lib/dpkg/status"  # and a file a package below `status.d` in images without a shell
PYTHON = ".dist-info/METADATA"
SYSTEM = "usr/lib/os-release"
SOURCES = "srv/"  # where the Dockerfile puts the folders of Python packages of our own
REMOVED, EMPTIED = ".wh.", ".wh..wh..opq"  # whiteouts of the OCI image specification


Sources = frozenset[tuple[str, str]]  # path from the package on, and Git's hash of the file


@dataclass(frozen=True, order=True)
class Package:
    kind: str  # of a package URL: "deb", "pypi" or "generic"
    name: str
    version: str
    architecture: str | None = None  # of Debian's
    distribution: str | None = None  # of Debian's: "debian-13", by which advisories are found


@dataclass(frozen=True)
class Contents:
    packages: list[Package]
    sources: Sources


def contents(platforms: Iterable[Iterable[BinaryIO]]) -> Contents:
    """Of an image for some platforms, whose layers are given, the lowest first."""
    found: set[Package] = set()
    sources: set[tuple[str, str]] = set()
    for layers in platforms:
        files: dict[str, bytes] = {}
        for layer in layers:
            lay(layer, files)
        system = distribution(files.get(SYSTEM, b""))
        for path, text in files.items():
            found.update(described(path, text, system))
            if path.startswith(SOURCES) and "/" in path.removeprefix(SOURCES):
                sources.add((path.removeprefix(SOURCES), git_hash(text)))
    ordered = sorted(found, key=lambda each: (each.kind, each.name, each.version))
    return Contents(ordered, frozenset(sources))


def git_hash(content: bytes) -> str:
    head = f"blob {len(content)}\0".encode()
    return hashlib.sha1(head + content, usedforsecurity=False).hexdigest()


def distribution(system: bytes) -> str | None:
    told = dict(line.split("=", 1) for line in system.decode().splitlines() if "=" in line)
    if not {"ID", "VERSION_ID"} <= told.keys():
        return None
    return "-".join(told[key].strip('"') for key in ("ID", "VERSION_ID"))


def lay(layer: BinaryIO, files: dict[str, bytes]) -> None:
    """Add to the files below what a layer says of packages; what it removes is gone."""
    added: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=layer, mode="r|*") as archive:
            for member in archive:
                path = PurePosixPath(member.name.lstrip("./"))
                if path.name.startswith(REMOVED):
                    remove(path, files)
                elif member.isfile() and tells(str(path)):
                    content = archive.extractfile(member)
                    added[str(path)] = content.read() if content else b""
    except tarfile.TarError as error:
        raise OperatorError(
            f"expected a layer that is a tar archive, plain or gzip, and got another ({error})"
        ) from None
    files.update(added)


def remove(whiteout: PurePosixPath, files: dict[str, bytes]) -> None:
    gone = whiteout.parent
    if whiteout.name != EMPTIED:
        gone = gone / whiteout.name.removeprefix(REMOVED)
    for path in [each for each in files if PurePosixPath(each).is_relative_to(gone)]:
        del files[path]


def tells(path: str) -> bool:
    ours = path.startswith(SOURCES) and not path.endswith(".pyc")
    return ours or path == SYSTEM or path.startswith(DPKG) or path.endswith(PYTHON)


def described(path: str, content: bytes, system: str | None) -> Iterator[Package]:
    if path.endswith(PYTHON):
        metadata = email.message_from_bytes(content)
        yield Package("pypi", metadata["Name"], metadata["Version"])
    elif path.startswith(DPKG):
        for paragraph in content.decode().split("\n\n"):
            entry = email.message_from_string(paragraph)
            if entry["Package"] and installed(entry):
                about = entry["Version"], entry["Architecture"], system
                yield Package("deb", entry["Package"], *about)


def installed(entry: Message) -> bool:
    return str(entry.get("Status", "installed")).endswith("installed")
