"""Archives of built programs, with checksums and the keys of the builds.

The first member is `programs.json`: the platform, and of each program its key and the SHA-256 of
each file.  An archive with the same programs is the same byte by byte.
"""

import gzip
import hashlib
import http.client
import io
import json
import shutil
import tarfile
import tomllib
import urllib.error
import urllib.request
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from local.programs.build import finish
from local.programs.programs import HERE, Program, ToolsError, cache_folder, programs, this_platform

MANIFEST = "programs.json"
PIECE = 1 << 20  # bytes
TIMEOUT = 30.0  # seconds without a byte
BROKEN = (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile, ValueError, KeyError, TypeError)


def checksum(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def release_key() -> str:
    """Return one key of all programs, by which a checkout recognizes an archive of them."""
    return hashlib.sha256("".join(p.key() for p in programs()).encode()).hexdigest()[:16]


def pack(target: Path) -> None:
    """Write an archive of all programs; they must be built."""
    entries = {
        program.name: {
            "key": program.key(),
            "files": {name: checksum(program.folder / name) for name in sorted(program.binaries)},
        }
        for program in programs()
    }
    manifest = {"platform": this_platform(), "programs": entries}
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = target.with_name(f"{target.name}.part")
    with (
        scratch.open("wb") as raw,
        gzip.GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=6, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        text = json.dumps(manifest, indent=2).encode() + b"\n"
        add(archive, MANIFEST, len(text), io.BytesIO(text))
        for program in programs():
            for name in sorted(program.binaries):
                with (program.folder / name).open("rb") as content:
                    size = (program.folder / name).stat().st_size
                    add(archive, f"{program.name}/{name}", size, content)
    scratch.rename(target)


def add(archive: tarfile.TarFile, name: str, size: int, content: BinaryIO) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o755
    archive.addfile(member, content)


def released() -> dict[str, str] | None:
    """Return the entry of `released.toml` for this checkout and platform, or None."""
    table = tomllib.loads((HERE / "released.toml").read_text())
    key = release_key()
    for entry in table.get("archives", ()):
        if (entry["platform"], entry["key"]) == (this_platform(), key):
            return cast("dict[str, str]", entry)
    return None


def install(wanted: list[Program], source: str, sha256: str | None = None) -> None:
    """Put programs of the archive at a path or URL into the cache after verification."""
    scratch = cache_folder() / "tools" / "archive.part"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    try:
        with fetched(source, scratch) as file:
            if sha256 and (found := checksum(file)) != sha256:
                raise ToolsError(f"{source} has the SHA-256 {found}, and {sha256} was expected")
            unpack(wanted, source, file, scratch)
        for program in wanted:
            finish(program, scratch / program.name)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


@contextmanager
def fetched(source: str, scratch: Path) -> Iterator[Path]:
    if "://" not in source:
        path = Path(source)
        if not path.is_file():
            raise ToolsError(f"{source} does not exist; HERALD_PROGRAMS takes a file or a URL")
        yield path
        return
    if not source.startswith(("http://", "https://", "file://")):
        raise ToolsError(f"{source} cannot be read; HERALD_PROGRAMS takes a file or an HTTP URL")
    path = scratch / "archive"
    try:
        with urllib.request.urlopen(source, timeout=TIMEOUT) as answer, path.open("wb") as file:
            shutil.copyfileobj(answer, file, PIECE)
    except urllib.error.HTTPError as error:
        raise ToolsError(f"{source} answered {error.code} {error.reason}") from None
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise ToolsError(f"{source} cannot be read: {reason}") from None
    yield path


def unpack(wanted: list[Program], source: str, file: Path, scratch: Path) -> None:
    try:
        with tarfile.open(file, "r:gz") as archive:
            manifest = read_manifest(archive)
            check(wanted, source, manifest)
            for program in wanted:
                (scratch / program.name).mkdir()
                sums = manifest["programs"][program.name]["files"]
                for name in program.binaries:
                    member = f"{program.name}/{name}"
                    target = scratch / member
                    write(archive, member, target)
                    if checksum(target) != sums[name]:
                        raise ToolsError(
                            f"{member} in {source} does not have its checksum; the archive was"
                            " changed or damaged, fetch it again"
                        )
    except BROKEN as error:
        raise ToolsError(
            f"{source} is truncated, or `make programs-archive` did not create it ({error});"
            " download it again"
        ) from None


def read_manifest(archive: tarfile.TarFile) -> dict[str, Any]:
    first = archive.next()
    content = archive.extractfile(first) if first and first.name == MANIFEST else None
    if content is None:
        raise ValueError(f"it does not begin with {MANIFEST}")
    manifest: dict[str, Any] = json.load(content)
    return manifest


def write(archive: tarfile.TarFile, member: str, target: Path) -> None:
    content = archive.extractfile(member)
    if content is None:
        raise ValueError(f"{member} is not a file")
    with target.open("wb") as file:
        shutil.copyfileobj(content, file, PIECE)
    target.chmod(0o755)


def check(wanted: list[Program], source: str, manifest: dict[str, Any]) -> None:
    """Refuse an archive of another platform or of other versions of the programs."""
    if manifest["platform"] != this_platform():
        raise ToolsError(
            f"{source} is for {manifest['platform']}, and this machine is {this_platform()};"
            " use an archive for it or build the programs"
        )
    packed = manifest["programs"]
    if missing := [program.name for program in wanted if program.name not in packed]:
        raise ToolsError(f"{source} has no {', '.join(missing)}, which this checkout needs")
    other = [program.name for program in wanted if packed[program.name]["key"] != program.key()]
    if other:
        raise ToolsError(
            f"{source} was made from other versions of {', '.join(other)} than this checkout has;"
            " make it again with `make programs-archive` or unset HERALD_PROGRAMS"
        )
