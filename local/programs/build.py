"""Builds programs into the cache, all of them in one run of `go build`.

Go then compiles each package once for all programs, uses every core, and links the first programs
while it compiles the next.  Compiler, modules and compiled packages lie in one folder that is
removed after a successful build.  A failed or interrupted build keeps it and goes on from there.
"""

import fcntl
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from local.programs.compiler import Compiler, failure, find_compiler
from local.programs.programs import FLAGS, Program, ToolsError, cache_folder
from local.programs.progress import Package, Progress
from local.programs.workspace import make_workspace

MODULE = "herald/tools"
# GiB for a build of all programs: 2 for modules, 4 for compiled packages, which Go stores twice
# until it has linked them, and 1 for programs
LEAST_DISK = 11
FIELDS = "ImportPath,Dir,GoFiles,Imports,Target,Name"
# Packages that import almost all of the standard library that the programs use
STANDARD = ("database/sql", "encoding/gob", "encoding/xml", "expvar", "go/build", "go/doc",
            "html/template", "image/png", "log/slog", "net/http/cookiejar", "net/http/httputil",
            "net/http/pprof", "net/rpc", "net/smtp", "testing")  # fmt: skip
DOWNLOADS = "16"  # modules at once; Go's default is one for each core


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Wait for other checkouts that use the same cache."""
    folder = cache_folder() / "tools"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def build(programs: list[Program]) -> None:
    folder = cache_folder() / "build"
    folder.mkdir(parents=True, exist_ok=True)
    check_disk(folder)
    print(f"Building {', '.join(p.name for p in programs)}", flush=True)
    compiler = find_compiler(folder)
    with Progress() as progress:
        made = compile_programs(programs, compiler, progress)
    for program in programs:
        place(program, made, folder / "placed")
    if not os.environ.get("HERALD_KEEP_BUILD"):
        shutil.rmtree(folder)


def check_disk(folder: Path) -> None:
    free = shutil.disk_usage(folder).free / 2**30
    if free < LEAST_DISK:
        raise ToolsError(
            f"{free:.1f} GiB of disk are free at {folder}, and a build takes {LEAST_DISK} GiB for"
            " a while; free some or set HERALD_CACHE to another folder"
        )


def compile_programs(
    programs: list[Program], compiler: Compiler, progress: Progress
) -> dict[str, Path]:
    """Return Go package -> the program built from it."""
    module, output = compiler.folder / "module", compiler.folder / "output"
    packages = [full_path(p) for program in programs for p in program.binaries.values()]
    with standard_library(compiler):
        make_workspace(module, programs, compiler.run)
        listed = list_packages(compiler, module, packages, progress)
    print(f"  programs: modules complete, {progress.downloads} downloaded", flush=True)
    made = {
        entry["ImportPath"]: output / Path(entry["Target"]).name
        for entry in listed
        if entry["Name"] == "main"
    }
    shutil.rmtree(output, ignore_errors=True)
    progress.expect(
        {entry["ImportPath"]: described(entry) for entry in listed},
        made,
        lambda: [package for package, file in made.items() if file.exists()],
    )
    flags = [*FLAGS, *link_flags(programs), "-v", "-o", f"{output}/"]
    follow(compiler.start(module, "build", *flags, *packages), progress, "build")
    return made


@contextmanager
def standard_library(compiler: Compiler) -> Iterator[None]:
    """Compile the standard library while modules are downloaded; the build reports its errors."""
    command = ["build", *FLAGS, *STANDARD]
    with compiler.start(compiler.folder, *command, output=subprocess.DEVNULL) as process:
        try:
            yield
        except BaseException:
            process.terminate()
            raise


def full_path(package: str) -> str:
    return MODULE + package[1:] if package.startswith("./") else package


def link_flags(programs: list[Program]) -> Iterator[str]:
    for program in programs:
        for package in program.binaries.values():
            yield f"-ldflags={full_path(package)}=-s -w {program.ldflags}".rstrip()


def list_packages(
    compiler: Compiler, module: Path, packages: list[str], progress: Progress
) -> list[dict[str, Any]]:
    """Return the packages of the build in the order of compilation; this downloads modules."""
    command = ["list", "-deps", f"-json={FIELDS}", *packages]
    process = compiler.start(module, *command, GOMAXPROCS=DOWNLOADS)
    text, decoder, listed = follow(process, progress, "list"), json.JSONDecoder(), []
    while text := text.lstrip():
        entry, end = decoder.raw_decode(text)
        listed.append(entry)
        text = text[end:]
    return listed


def described(entry: dict[str, Any]) -> Package:
    folder = Path(entry["Dir"])
    size = sum((folder / name).stat().st_size for name in entry.get("GoFiles", ()))
    return Package(size, tuple(entry.get("Imports", ())))


def follow(process: subprocess.Popen[str], progress: Progress, command: str) -> str:
    """Return the output of go; its standard error feeds the progress."""
    errors = list[str]()

    def read_errors() -> None:
        for line in process.stderr or ():
            if not progress.read(line):
                errors.append(line)

    with process:  # closes its pipes
        reader = threading.Thread(target=read_errors)
        reader.start()
        try:
            output = process.stdout.read() if process.stdout else ""
            process.wait()
        except BaseException:
            process.terminate()
            process.wait()
            raise
        finally:
            reader.join()
    if process.returncode:
        raise failure(command, "".join(errors))
    return output


def place(program: Program, made: dict[str, Path], scratch: Path) -> None:
    """Put the program's files into its folder of the cache, all at once."""
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    for name, package in program.binaries.items():
        made[full_path(package)].rename(scratch / name)
    finish(program, scratch)


def finish(program: Program, scratch: Path) -> None:
    for name, binary in program.links.items():
        (scratch / name).symlink_to(binary)
    shutil.rmtree(program.folder, ignore_errors=True)
    program.folder.parent.mkdir(parents=True, exist_ok=True)
    scratch.rename(program.folder)
