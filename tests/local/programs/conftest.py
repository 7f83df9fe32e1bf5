"""A small `tools` folder: two programs, and modules that a proxy in files serves."""

import os
import subprocess
import zipfile
from pathlib import Path

import pytest

from local.programs import archive, build, compiler, programs, workspace

TABLE = """
[hello]
binaries = { hello = "./hello" }
links = { hi = "hello" }
ldflags = "-X main.greeting=hello"

[schemas]
binaries = { schemas = "./schemas" }
embed = { module = "example.org/schemas", file = "made/schema.json" }
unless = "HERALD_SCHEMAS"
"""
HELLO = """package main

var greeting string

func main() { println(greeting) }
"""
SCHEMAS = """package main

import (
	_ "embed"

	"example.org/schemas"
	"example.org/schemas/cloud"
)

//go:embed schema.json
var schema string

func main() { println(schema + schemas.Name + cloud.Name) }
"""
MODULES = {
    "example.org/schemas": {
        "schemas.go": 'package schemas\n\nconst Name = "schemas"\n',
        "cloud/cloud.go": 'package cloud\n\nimport "example.org/huge"\n\nconst Name = huge.Name\n',
        "cloud/more.go": "package cloud\n\nconst More = Name\n",
        "made/schema.json": '{"made": true}',
    },
    "example.org/huge": {"huge.go": 'package huge\n\nconst Name = "huge"\n'},
}
REQUIRED = {"example.org/schemas": "\nrequire example.org/huge v1.0.0\n", "example.org/huge": ""}


def serve(folder: Path) -> None:
    """Write the modules as a Go module proxy."""
    for module, files in MODULES.items():
        versions = folder / module / "@v"
        versions.mkdir(parents=True)
        go_mod = f"module {module}\n\ngo 1.26.0\n{REQUIRED[module]}"
        (versions / "v1.0.0.info").write_text('{"Version": "v1.0.0"}')
        (versions / "v1.0.0.mod").write_text(go_mod)
        with zipfile.ZipFile(versions / "v1.0.0.zip", "w") as packed:
            for name, text in {"go.mod": go_mod, **files}.items():
                packed.writestr(f"{module}@v1.0.0/{name}", text)


@pytest.fixture(scope="session")
def compiled(tmp_path_factory):
    """Go's build cache for all tests: the standard library takes 10 s to compile."""
    return tmp_path_factory.mktemp("compiled")


@pytest.fixture
def tools_folder(tmp_path, monkeypatch, compiled):
    """The folder, in place of ours; caches of its own, and no network."""
    folder = tmp_path / "tools"
    for name, text in {
        "go.mod": "module herald/tools\n\ngo 1.26.0\n\nrequire example.org/schemas v1.0.0\n",
        "programs.toml": TABLE,
        "released.toml": "",
        "hello/main.go": HELLO,
        "schemas/main.go": SCHEMAS,
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    monkeypatch.setattr(build, "STANDARD", ("errors",))  # all of it takes half a minute
    for module in (archive, compiler, programs, workspace):
        monkeypatch.setattr(module, "HERE", folder)
    programs.shared_digest.cache_clear()
    serve(tmp_path / "proxy")
    monkeypatch.setenv("GOPROXY", f"file://{tmp_path / 'proxy'}")
    monkeypatch.setenv("GONOSUMDB", "*")
    monkeypatch.setenv("HERALD_CACHE", str(tmp_path / "cache"))
    (tmp_path / "cache" / "build").mkdir(parents=True)
    (tmp_path / "cache" / "build" / "cache").symlink_to(compiled)
    monkeypatch.delenv("HERALD_PROGRAMS", raising=False)
    own = {"GOMODCACHE": str(tmp_path / "modules"), "GOFLAGS": "-mod=mod -modcacherw"}
    tidy = ["go", "mod", "tidy", "-e"]
    (folder / "schemas" / "schema.json").touch()
    subprocess.run(tidy, cwd=folder, env={**os.environ, **own}, check=True, capture_output=True)
    (folder / "schemas" / "schema.json").unlink()
    yield folder
    programs.shared_digest.cache_clear()


@pytest.fixture
def built(tools_folder):
    """Both programs as if they were built: shell scripts in the cache."""
    known = programs.programs()
    for program in known:
        program.folder.mkdir(parents=True)
        for name in program.binaries:
            (program.folder / name).write_text(f"#!/bin/sh\necho {name}\n")
            (program.folder / name).chmod(0o755)
    return known
