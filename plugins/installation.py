"""Installs the stand-in plugins in the folder of the engine."""

import stat
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


def write_language_host(home: Path) -> None:
    host = home / "plugins" / f"language-python-v{version('pulumi')}" / "pulumi-language-python"
    write_program(host, module_script("plugins.language_host"))


def write_stand_ins(home: Path, providers: Iterable[str]) -> None:
    """Write a stand-in for each provider, in the version of its SDK."""
    for name in providers:
        module = f"plugins.{name.replace('-', '_')}"
        write_program(plugin_path(home, name), module_script(module))


def plugin_path(home: Path, name: str) -> Path:
    folder = f"resource-{name}-v{version(f'pulumi-{name}')}"
    return home / "plugins" / folder / f"pulumi-resource-{name}"


def module_script(module: str) -> str:
    """Return a script that runs a module in the working folder of the engine.

    The script writes bytecode. Without bytecode, each start would compile the SDK again.
    """
    return (
        "#!/bin/sh\nunset PYTHONDONTWRITEBYTECODE\n"
        f'exec "{PROJECT}/.venv/bin/python" -P -m {module} "$@"\n'
    )


def write_program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
