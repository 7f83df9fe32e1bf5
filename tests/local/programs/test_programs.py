"""Which programs are needed, and when a build is made again."""

import os

import pytest

from local.programs import programs
from local.programs.programs import ToolsError, chosen, link, offered, superseded


def keys():
    programs.shared_digest.cache_clear()
    return {program.name: program.key() for program in programs.programs()}


@pytest.mark.parametrize(
    ("file", "changed"),
    [
        ("go.mod", {"hello", "schemas"}),
        ("go.sum", {"hello", "schemas"}),
        ("left-out/example.org/huge/huge.go", {"hello", "schemas"}),
        ("hello/main.go", {"hello"}),
        ("README.md", set()),
    ],
)
def test_key_depends_on_files(tools_folder, file, changed):
    before = keys()
    (tools_folder / file).parent.mkdir(parents=True, exist_ok=True)
    (tools_folder / file).write_text("// changed\n")
    assert {name for name, key in keys().items() if key != before[name]} == changed


def test_key_depends_on_platform_and_flags(tools_folder, monkeypatch):
    before = keys()
    monkeypatch.setattr(programs, "FLAGS", ("-trimpath",))
    flags = keys()
    monkeypatch.setattr(programs, "this_platform", lambda: "plan9-mips")
    assert len({before["hello"], flags["hello"], keys()["hello"]}) == 3


def test_key_ignores_who_needs_the_program(tools_folder):
    before = keys()
    table = tools_folder / "programs.toml"
    table.write_text(table.read_text().replace('unless = "HERALD_SCHEMAS"', "optional = true"))
    assert keys() == before


@pytest.mark.parametrize(
    ("variables", "absent"),
    [
        ({}, {"kube-score"}),
        ({"HERALD_KUBECONFIG": ""}, {"kube-score"}),
        ({"HERALD_KUBECONFIG": "/mine"}, {"kube-score", "kube", "etcd", "pause"}),
        ({"HERALD_BUILDER": "mine"}, {"kube-score", "buildkit"}),
    ],
)
def test_own_cluster_and_builder_replace_programs(variables, absent):
    needed = {program.name for program in chosen((), variables)}
    assert {program.name for program in programs.programs()} - needed == absent


def test_unknown_program_is_refused():
    assert [program.name for program in chosen(["kube-score"], {})] == ["kube-score"]
    with pytest.raises(ToolsError, match=r"^programs\.toml has no other$"):
        chosen(["kube", "other"])


@pytest.mark.parametrize(
    ("shown", "used"), [("v3.300.1", True), ("3.240.0", True), ("v3.100.0", False), ("", False)]
)
def test_installed_pulumi_is_used_if_new(tmp_path, monkeypatch, shown, used):
    for name in ("pulumi", "pulumi-language-python"):
        (tmp_path / name).write_text(f"#!/bin/sh\necho '{shown}'\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    [program] = chosen(["pulumi"])
    expected = str(tmp_path / "pulumi") if used else None
    assert offered(program, tmp_path / "links") == expected


def test_links_follow_the_newest_build(built, tmp_path):
    links = tmp_path / "links"
    links.mkdir()
    (links / "hello").symlink_to(tmp_path / "old")
    for _ in range(2):
        link(built[0].folder, links)
    assert (links / "hello").readlink() == built[0].folder / "hello"


def test_superseded_builds_are_named_after_days(built, tools_folder):
    old = built[0].folder.with_name("hello-0123456789abcdef")
    old.mkdir()
    os.utime(old, (1_000_000, 1_000_000))
    os.utime(built[0].folder, (1_000_000, 1_000_000))
    assert list(superseded(30, 1_000_000 + 29 * 86400)) == []
    assert list(superseded(30, 1_000_000 + 31 * 86400)) == [old]
