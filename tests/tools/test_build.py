import json
import subprocess
import threading
import zipfile

import pytest

from tools import build
from tools.build import Program, programs


@pytest.fixture
def program(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "HERE", tmp_path)
    folder = tmp_path / "hello"
    folder.mkdir()
    (folder / "go.mod").write_text("module hello\n\ngo 1.26.0\n")
    (folder / "main.go").write_text('package main\n\nfunc main() { println("hello") }\n')
    return Program(name="hello", binaries={"hello": "."}, links={"hi": "hello"})


def test_every_program_has_a_module_with_checksums():
    lacking = [p.name for p in programs() if not (p.folder / "go.mod").exists()]
    unchecked = [
        p.name for p in programs() if p.name != "pause" and not (p.folder / "go.sum").exists()
    ]
    assert (lacking, unchecked) == ([], [])


def test_the_key_changes_with_the_module_the_options_and_the_compiler(program):
    keys = {program.key("go1"), program.key("go2")}
    keys.add(Program(name="hello", binaries={"hello": "."}, ldflags="-X a.b=c").key("go1"))
    (program.folder / "main.go").write_text("package main\n\nfunc main() {}\n")
    keys.add(program.key("go1"))
    assert len(keys) == 4


def test_a_program_is_built_once_and_linked(program, tmp_path):
    target = tmp_path / "cache" / "hello"
    build.build(program, target)
    links = tmp_path / "links"
    links.mkdir()
    for _ in range(2):
        build.link(target, links)
    shown = subprocess.run([links / "hi"], capture_output=True, text=True, check=True)
    assert shown.stderr == "hello\n"


def test_a_failed_build_leaves_nothing_and_says_why(program, tmp_path):
    (program.folder / "main.go").write_text("package main\n\nfunc main() { missing() }\n")
    target = tmp_path / "cache" / "hello"
    with pytest.raises(build.BuildFailed, match=r"(?s)hello could not be built.*missing"):
        build.build(program, target)
    assert list(target.parent.iterdir()) == []


@pytest.fixture
def proxy(tmp_path, monkeypatch):
    """A Go module proxy with `example.org/schemas`, and a module cache that holds nothing."""
    versions = tmp_path / "proxy" / "example.org" / "schemas" / "@v"
    versions.mkdir(parents=True)
    (versions / "v1.0.0.info").write_text('{"Version": "v1.0.0"}')
    (versions / "v1.0.0.mod").write_text("module example.org/schemas\n")
    with zipfile.ZipFile(versions / "v1.0.0.zip", "w") as packed:
        packed.writestr("example.org/schemas@v1.0.0/go.mod", "module example.org/schemas\n")
        packed.writestr("example.org/schemas@v1.0.0/schemas.go", "package schemas\n")
        packed.writestr("example.org/schemas@v1.0.0/made/schema.json", '{"made": true}')
    monkeypatch.setenv("GOPROXY", f"file://{tmp_path / 'proxy'}")
    monkeypatch.setenv("GOMODCACHE", str(tmp_path / "modules"))
    monkeypatch.setenv("GOFLAGS", "-mod=mod -modcacherw")
    monkeypatch.setenv("GONOSUMDB", "*")


EMBEDDING = """package main

import (
	_ "embed"

	_ "example.org/schemas"
)

//go:embed schema.json
var schema string

func main() { println(schema) }
"""


def test_a_file_of_a_module_that_was_never_downloaded_is_embedded(program, proxy, tmp_path):
    required = "module hello\n\ngo 1.26.0\n\nrequire example.org/schemas v1.0.0\n"
    (program.folder / "go.mod").write_text(required)
    (program.folder / "main.go").write_text(EMBEDDING)
    embedding = Program(
        name="hello",
        binaries={"hello": "."},
        embed={"module": "example.org/schemas", "file": "made/schema.json"},
    )
    build.build(embedding, tmp_path / "cache" / "hello")
    made = tmp_path / "cache" / "hello" / "hello"
    shown = subprocess.run([made], capture_output=True, text=True, check=True)
    assert shown.stderr == '{"made": true}\n'


def test_after_a_failure_nothing_more_is_begun_and_the_builds_at_work_are_kept(
    tmp_path, monkeypatch, capsys
):
    begun, failed, provided = threading.Event(), threading.Event(), []

    def provide(program, version, progress):
        progress.started(program.name)
        if program.name == "bad":
            begun.wait(10)
            raise build.BuildFailed("bad could not be built")
        begun.set()
        failed.wait(10)
        provided.append(program.name)
        progress.ended(program.name)
        return tmp_path

    class Progress(build.Progress):
        def failed(self, name):
            super().failed(name)
            failed.set()

    monkeypatch.setattr(build, "provide", provide)
    names = ["slow", "bad", "never"]
    wanted = [Program(name=name, binaries={name: "."}) for name in names]
    with pytest.raises(build.BuildFailed, match="bad could not be built"):
        build.provide_all(wanted, "go1", Progress(names))
    assert provided == ["slow"]
    assert "  bad: failed; slow still to end\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("shown", "used"), [("v3.300.1", True), ("3.240.0", True), ("v3.100.0", False), ("", False)]
)
def test_the_users_own_program_is_used_when_it_is_new_enough(tmp_path, monkeypatch, shown, used):
    for name in ("pulumi", "pulumi-language-python"):
        (tmp_path / name).write_text(f"#!/bin/sh\necho '{shown}'\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    [program] = [p for p in programs() if p.name == "pulumi"]
    expected = str(tmp_path / "pulumi") if used else None
    assert build.offered(program, tmp_path / "links") == expected


def test_an_optional_program_is_built_only_when_it_is_named_and_rebuilds_no_other(monkeypatch):
    needed = Program(name="needed", binaries={"needed": "."})
    optional = Program(name="optional", binaries={"optional": "."}, optional=True)
    monkeypatch.setattr(build, "programs", lambda: [needed, optional])
    assert build.chosen([]) == [needed]
    assert build.chosen(["optional"]) == [optional]
    with pytest.raises(build.BuildFailed, match=r"programs\.toml has no other"):
        build.chosen(["other"])
    assert "optional" not in repr(needed), "the key of each program is made of it"


def test_a_program_that_is_built_later_is_noted_beside_the_others(program, tmp_path, monkeypatch):
    monkeypatch.setattr(build, "programs", lambda: [program])
    monkeypatch.setenv("HERALD_CACHE", str(tmp_path / "cache"))
    links = tmp_path / "links"
    links.mkdir()
    (links / "programs.json").write_text('{"pulumi": "there"}')
    build.main(links, ["hello"])
    noted = json.loads((links / "programs.json").read_text())
    assert noted["pulumi"] == "there"
    assert noted["hello"].startswith(str(tmp_path / "cache"))
    assert (links / "hello").is_symlink()
