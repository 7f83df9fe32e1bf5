"""The packages in an image, as the files of its layers name them."""

import email
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email.message import Message
from pathlib import PurePosixPath
from typing import BinaryIO

from herald.errors import OperatorError

DPKG = "var/lib/dpkg/status"  # and a file a package below `status.d` in images without a shell
PYTHON = ".dist-info/METADATA"
REMOVED, EMPTIED = ".wh.", ".wh..wh..opq"  # whiteouts of the OCI image specification


@dataclass(frozen=True, order=True)
class Package:
    kind: str  # of a package URL: "deb" or "pypi"
    name: str
    version: str
    architecture: str | None = None  # of Debian's


def packages(platforms: Iterable[Iterable[BinaryIO]]) -> list[Package]:
    """Of an image for some platforms, whose layers are given, the lowest first."""
    found: set[Package] = set()
    for layers in platforms:
        files: dict[str, bytes] = {}
        for layer in layers:
            lay(layer, files)
        found.update(each for path, text in files.items() for each in described(path, text))
    return sorted(found, key=lambda each: (each.kind, each.name, each.version))


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
    return path.startswith(DPKG) or path.endswith(PYTHON)


def described(path: str, content: bytes) -> Iterator[Package]:
    if path.endswith(PYTHON):
        metadata = email.message_from_bytes(content)
        yield Package("pypi", metadata["Name"], metadata["Version"])
        return
    for paragraph in content.decode().split("\n\n"):
        entry = email.message_from_string(paragraph)
        if entry["Package"] and installed(entry):
            yield Package("deb", entry["Package"], entry["Version"], entry["Architecture"])


def installed(entry: Message) -> bool:
    return str(entry.get("Status", "installed")).endswith("installed")
