"""Building programs with Go, from a module proxy in files."""

import json
import os
import subprocess

import pytest

from local.programs import build
from local.programs.__main__ import main
from local.programs.programs import ToolsError, programs

LEFT_OUT = {
    "left-out/example.org/schemas/cloud/cloud.go": 'package cloud\n\nconst Name = " no cloud"\n',
    "left-out/example.org/huge/go.mod": "module example.org/huge\n\ngo 1.26.0\n",
}


def output_of(program, name):
    shown = subprocess.run([program.folder / name], capture_output=True, text=True, check=True)
    return shown.stderr.strip()


@pytest.fixture
def left_out(tools_folder):
    for name, text in LEFT_OUT.items():
        (tools_folder / name).parent.mkdir(parents=True)
        (tools_folder / name).write_text(text)


def test_programs_are_built_in_one_run(tools_folder, tmp_path, capsys):
    links = tmp_path / "links"
    main(["link", str(links)])
    hello, schemas = programs()
    shown = (output_of(hello, "hi"), output_of(schemas, "schemas"))
    assert shown == ("hello", '{"made": true}schemashuge')
    noted = json.loads((links / "programs.json").read_text())
    assert noted == {"hello": str(hello.folder), "schemas": str(schemas.folder)}
    assert sorted(os.listdir(tmp_path / "cache")) == ["tools"], "the build folder is removed"
    assert "Building hello, schemas\n" in capsys.readouterr().out
    main(["link", str(links)])
    assert "Building" not in capsys.readouterr().out


def test_left_out_packages_are_not_built(left_out, tmp_path):
    os.unlink(tmp_path / "proxy" / "example.org" / "huge" / "@v" / "v1.0.0.zip")
    main(["link", str(tmp_path / "links")])
    assert output_of(programs()[1], "schemas") == '{"made": true}schemas no cloud'


def test_excluded_package_without_module_is_refused(tools_folder, tmp_path):
    (tools_folder / "left-out" / "example.com").mkdir(parents=True)
    (tools_folder / "left-out" / "example.com" / "a.go").write_text("package a\n")
    with pytest.raises(SystemExit, match=r"left-out/example\.com is in no module of .*go\.mod"):
        main(["link", str(tmp_path / "links")])


EDIT = """
[[edits]]
module = "example.org/schemas"
file = "schemas.go"
old = '"schemas"'
new = '" edited "'
"""


def test_edits_change_a_line(tools_folder, tmp_path):
    (tools_folder / "edits.toml").write_text(EDIT)
    main(["link", str(tmp_path / "links")])
    assert output_of(programs()[1], "schemas") == '{"made": true} edited huge'


def test_edit_of_other_text_is_refused(tools_folder, tmp_path):
    (tools_folder / "edits.toml").write_text(EDIT.replace("old = '\"schemas\"'", "old = 'gone'"))
    with pytest.raises(SystemExit, match=r"edits\.toml expects 'gone' once in schemas\.go"):
        main(["link", str(tmp_path / "links")])


def test_failed_build_says_why(tools_folder, tmp_path):
    (tools_folder / "hello" / "main.go").write_text("package main\n\nfunc main() { missing() }\n")
    with pytest.raises(SystemExit, match=r"(?s)could not be built; `go build` said.*missing"):
        main(["link", str(tmp_path / "links")])
    assert not any(program.folder.exists() for program in programs())


def test_missing_network_is_named(tools_folder, tmp_path, monkeypatch):
    monkeypatch.setenv("GOPROXY", "http://127.0.0.1:1")
    with pytest.raises(
        SystemExit, match=r"^tools: the Go module proxy cannot be reached: .*refused"
    ):
        main(["link", str(tmp_path / "links")])


def test_full_disk_is_refused(tools_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(build, "LEAST_DISK", 10**9)
    with pytest.raises(SystemExit, match=r"GiB of disk are free .* a build takes 1000000000 GiB"):
        main(["link", str(tmp_path / "links")])


def test_named_program_is_noted_beside_others(tools_folder, built, tmp_path):
    links = tmp_path / "links"
    links.mkdir()
    (links / "programs.json").write_text('{"pulumi": "there"}')
    main(["link", str(links), "hello"])
    noted = json.loads((links / "programs.json").read_text())
    assert noted == {"pulumi": "there", "hello": str(built[0].folder)}


def test_clean_removes_what_is_unused(built, tmp_path):
    old = built[0].folder.with_name("hello-0123456789abcdef")
    old.mkdir()
    os.utime(old, (0, 0))
    main(["clean"])
    kept = sorted(path.name for path in (tmp_path / "cache" / "tools").iterdir() if path.is_dir())
    assert kept == sorted(program.folder.name for program in built)
    assert not (tmp_path / "cache" / "build").exists()


def test_every_excluded_package_has_its_module():
    from local.programs import workspace

    versions = workspace.required_versions((workspace.HERE / "go.mod").read_text())
    packages = set(workspace.left_out_packages(workspace.HERE))
    modules = {workspace.module_of(package, versions) for package in packages}
    assert modules <= set(versions)
    for module, path in workspace.replace_modules(workspace.HERE):
        assert f"module {module}\n" in (workspace.HERE / path / "go.mod").read_text()


def test_failure_keeps_the_last_lines():
    from local.programs.compiler import failure

    errors = "go: downloading a v1\n" + "".join(f"line {number}\n" for number in range(20))
    error = failure("build", errors)
    assert isinstance(error, ToolsError)
    assert str(error).splitlines()[1:] == [f"line {number}" for number in range(12, 20)]
