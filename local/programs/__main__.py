"""Provides the programs that the local environment runs and no package registry ships.

    python -m local.programs link FOLDER [PROGRAM ...]
                                               build missing programs, link all into FOLDER
    python -m local.programs archive FILE      pack all programs; HERALD_PROGRAMS uses the file
    python -m local.programs key               print the key of such an archive
    python -m local.programs clean             remove builds that this checkout does not use

Built programs lie in the cache (`$HERALD_CACHE`, else `$XDG_CACHE_HOME/herald`, else
`~/.cache/herald`), shared by every checkout.  Only the standard library is used, since this runs
while the virtual environment is still being filled.
"""

import argparse
import json
import os
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from local.programs import archive
from local.programs.build import build, locked
from local.programs.programs import (
    Program,
    ToolsError,
    cache_folder,
    chosen,
    link,
    offered,
    programs,
    superseded,
    this_platform,
)

UNUSED_DAYS = 30.0


def provide(wanted: list[Program]) -> None:
    """Make the cache hold every program: from an archive when there is one, else by a build."""
    with locked("build"):
        missing = [program for program in wanted if not program.folder.is_dir()]
        if not missing:
            return
        if source := os.environ.get("HERALD_PROGRAMS"):
            print(f"  programs: from {source}", flush=True)
            archive.install(missing, source)
        elif not from_release(missing):
            build(missing)


def from_release(missing: list[Program]) -> bool:
    entry = archive.released()
    if not entry:
        return False
    print(f"  programs: from {entry['url']}", flush=True)
    try:
        archive.install(missing, entry["url"], entry["sha256"])
    except ToolsError as error:
        print(f"  programs: {error}; building them instead", flush=True)
        return False
    return True


def link_programs(links: Path, names: Sequence[str]) -> None:
    """Provide programs and link their files; note their places in programs.json."""
    links.mkdir(parents=True, exist_ok=True)
    wanted = list[Program]()
    for program in chosen(names):
        if own := offered(program, links):
            print(f"  {program.name}: using yours, {own}")
            for binary in program.binaries:
                (links / binary).unlink(missing_ok=True)
        else:
            wanted.append(program)
    provide(wanted)
    for program in wanted:
        os.utime(program.folder)
        link(program.folder, links)
    note = links / "programs.json"
    before = json.loads(note.read_text()) if names and note.exists() else {}
    places = {program.name: str(program.folder) for program in wanted}
    note.write_text(json.dumps(before | places, indent=2) + "\n")


def pack(file: Path) -> None:
    provide(programs())
    archive.pack(file)
    print(f"{file}: {file.stat().st_size / 1e6:.0f} MB. An entry of released.toml for it:\n")
    print(f'[[archives]]\nplatform = "{this_platform()}"')
    print(f'key = "{archive.release_key()}"\nurl = ""')
    print(f'sha256 = "{archive.checksum(file)}"')


def clean() -> None:
    """Remove superseded builds and what an interrupted build left."""
    with locked("build"):
        for folder in (*superseded(0, time.time()), cache_folder() / "build"):
            if folder.exists():
                print(f"Removing {folder}")
                shutil.rmtree(folder)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m local.programs", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    linking = commands.add_parser("link")
    linking.add_argument("folder", type=Path)
    linking.add_argument("programs", nargs="*")
    commands.add_parser("archive").add_argument("file", type=Path)
    commands.add_parser("key")
    commands.add_parser("clean")
    parsed = parser.parse_args(arguments)
    try:
        if parsed.command == "link":
            link_programs(parsed.folder.resolve(), parsed.programs)
            for folder in superseded(UNUSED_DAYS, time.time()):
                shutil.rmtree(folder)
        elif parsed.command == "archive":
            pack(parsed.file)
        elif parsed.command == "key":
            print(f"{this_platform()}-{archive.release_key()}")
        else:
            clean()
    except (ToolsError, OSError) as error:
        sys.exit(f"tools: {error}")
    except KeyboardInterrupt:
        sys.exit("tools: interrupted; run the command again to continue, or `make clean-programs`")


if __name__ == "__main__":
    main()
