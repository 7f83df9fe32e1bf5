"""Builds the programs of `programs.toml` into a cache and links them into one folder.

    python3 tools/build.py LINKS [PROGRAM ...]

Without names, all are built but the optional ones.
The cache (`$HERALD_CACHE`, else `$XDG_CACHE_HOME/herald`, else `~/.cache/herald`) is shared by
every checkout: a program is built again only when its module files, its entry in `programs.toml`
or the Go version change.  Only the standard library is used, since nothing is installed yet.
"""

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
AT_ONCE = 2  # builds side by side: linking uses one core, compiling all
HEARTBEAT = 30  # seconds between two lines that say what is being built


class BuildFailed(Exception):
    """One sentence for the user."""


@dataclass(frozen=True, kw_only=True)
class Program:
    """One Go module of this folder and what is built from it."""

    name: str
    binaries: dict[str, str]  # file name -> Go package
    ldflags: str = ""
    links: dict[str, str] = field(default_factory=dict)  # other name -> binary
    embed: dict[str, str] | None = None  # a module's file that is laid beside main.go
    offer: dict[str, Any] | None = None  # the user's own program that may be used instead
    optional: bool = field(default=False, repr=False)  # no part of the key: built only when named

    @property
    def folder(self) -> Path:
        return HERE / self.name

    def key(self, go_version: str) -> str:
        digest = hashlib.sha256(f"{go_version}{self!r}".encode())
        for file in sorted(p for p in self.folder.rglob("*") if p.is_file()):
            digest.update(str(file.relative_to(self.folder)).encode() + b"\0" + file.read_bytes())
        return digest.hexdigest()[:16]


def cache_folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(os.environ.get("HERALD_CACHE") or f"{base}/herald")


def programs() -> list[Program]:
    table = tomllib.loads((HERE / "programs.toml").read_text())
    return [Program(name=name, **entry) for name, entry in table.items()]


def chosen(names: Sequence[str]) -> list[Program]:
    known = programs()
    if not names:
        return [program for program in known if not program.optional]
    if unknown := {*names} - {program.name for program in known}:
        raise BuildFailed(f"programs.toml has no {', '.join(sorted(unknown))}")
    return [program for program in known if program.name in names]


def go_version() -> str:
    if not shutil.which("go"):
        raise BuildFailed(
            "Go 1.26 or newer is needed to build the programs; install it from go.dev"
        )
    return subprocess.check_output(["go", "env", "GOVERSION"], text=True, cwd=HERE).strip()


def numbers(text: str) -> tuple[int, ...]:
    found = re.search(r"(\d+)\.(\d+)\.(\d+)", text)
    return tuple(int(part) for part in found.groups()) if found else ()


def offered(program: Program, links: Path) -> str | None:
    """The path of the user's own program, if it has what we need and is not one of ours."""
    offer = program.offer
    path = shutil.which(offer["program"]) if offer else None
    if not offer or not path or Path(path).parent.resolve() == links.resolve():
        return None
    if not shutil.which(offer["beside"]):
        return None
    shown = subprocess.run([path, *offer["version"]], capture_output=True, text=True, check=False)
    return path if numbers(shown.stdout) >= numbers(offer["least"]) else None


def go(folder: Path, *arguments: str) -> str:
    environment = {**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOWORK": "off"}
    done = subprocess.run(
        ["go", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        last = "\n".join(done.stderr.strip().splitlines()[-8:])
        raise BuildFailed(f"{folder.name} could not be built: `go {arguments[0]}` said:\n{last}")
    return done.stdout


def build(program: Program, target: Path) -> None:
    """Build every binary in a copy of the module, then put all of them in place at once."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        module, made = Path(scratch) / program.name, Path(scratch) / "made"
        shutil.copytree(program.folder, module)
        if program.embed:
            # `go list` knows no folder of a module that was never downloaded.
            source = json.loads(go(module, "mod", "download", "-json", program.embed["module"]))
            schema = Path(source["Dir"]) / program.embed["file"]
            shutil.copyfile(schema, module / schema.name)
        for binary, package in program.binaries.items():
            flags = ["-trimpath", "-buildvcs=false", f"-ldflags=-s -w {program.ldflags}"]
            go(module, "build", *flags, "-o", str(made / binary), package)
        for name, binary in program.links.items():
            (made / name).symlink_to(binary)
        made.rename(target)


class Progress:
    """Tells what is being built, how long it took, and what remains."""

    def __init__(self, names: list[str]) -> None:
        self.waiting, self.building = set(names), dict[str, float]()
        self.lock, self.over = threading.Lock(), threading.Event()
        self.beat = threading.Thread(target=self._beat, daemon=True)
        self.beat.start()

    def started(self, name: str) -> None:
        with self.lock:
            self.waiting.discard(name)
            self.building[name] = time.monotonic()
            print(f"  {name}: building", flush=True)

    def ended(self, name: str) -> None:
        with self.lock:
            took = time.monotonic() - self.building.pop(name)
            rest = sorted({*self.building, *self.waiting})
            remain = f"; {', '.join(rest)} remain" if rest else ""
            print(f"  {name}: built in {took:.0f} s{remain}", flush=True)

    def failed(self, name: str) -> None:
        with self.lock:
            self.building.pop(name, None)
            rest = f"; {', '.join(self.building)} still to end" if self.building else ""
            print(f"  {name}: failed{rest}", flush=True)

    def _beat(self) -> None:
        while not self.over.wait(HEARTBEAT):
            with self.lock:
                now = time.monotonic()
                busy = ", ".join(f"{n} for {now - t:.0f} s" for n, t in self.building.items())
                if busy:
                    print(f"  still building {busy}; {len(self.waiting)} wait", flush=True)


def place(program: Program, go_version: str) -> Path:
    return cache_folder() / "tools" / f"{program.name}-{program.key(go_version)}"


def provide(program: Program, go_version: str, progress: Progress) -> Path:
    """The folder of the program's binaries in the cache, built now if it is not there."""
    target = place(program, go_version)
    target.parent.mkdir(parents=True, exist_ok=True)
    with (target.parent / f"{program.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another checkout may be building the same
        if not target.is_dir():
            progress.started(program.name)
            build(program, target)
            progress.ended(program.name)
    return target


def provide_all(wanted: list[Program], go_version: str, progress: Progress) -> list[Path]:
    """Folders in the order of the programs; after a failure none is begun any more."""
    failed = threading.Event()

    def attempt(program: Program) -> Path:
        if failed.is_set():
            raise BuildFailed(f"{program.name} was not begun")
        try:
            return provide(program, go_version, progress)
        except BaseException:
            failed.set()
            progress.failed(program.name)
            raise

    with ThreadPoolExecutor(AT_ONCE) as pool:
        builds = [pool.submit(attempt, program) for program in wanted]
        for build in as_completed(builds):
            build.result()  # raises the first failure once the builds at work have ended
    return [build.result() for build in builds]


def link(folder: Path, links: Path) -> None:
    for binary in folder.iterdir():
        place = links / binary.name
        if not place.is_symlink() or place.readlink() != binary:
            place.unlink(missing_ok=True)
            place.symlink_to(binary)


def main(links: Path, names: Sequence[str] = ()) -> None:
    links.mkdir(parents=True, exist_ok=True)
    version, wanted = go_version(), []
    for program in chosen(names):
        if own := offered(program, links):
            print(f"  {program.name}: using yours, {own}")
            for binary in program.binaries:
                (links / binary).unlink(missing_ok=True)
        else:
            wanted.append(program)
    missing = [p.name for p in wanted if not place(p, version).is_dir()]
    progress = Progress(missing)
    try:
        folders = provide_all(wanted, version, progress)
    finally:
        progress.over.set()
    for folder in folders:
        link(folder, links)
    note = links / "programs.json"
    before = json.loads(note.read_text()) if names and note.exists() else {}
    built = {program.name: str(folder) for program, folder in zip(wanted, folders, strict=True)}
    note.write_text(json.dumps(before | built, indent=2) + "\n")


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]).resolve(), sys.argv[2:])
    except (BuildFailed, OSError) as error:
        sys.exit(f"tools: {error}")
