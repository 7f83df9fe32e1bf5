"""The base image is made once; a failure is one sentence and leaves nothing behind."""

from pathlib import Path

import pytest

from local import images
from local.environment import Environment
from local.errors import LocalError

LATE = "error: context deadline exceeded"


@pytest.fixture
def environment(tmp_path, monkeypatch):
    """One whose programs are the scripts that a test writes, with an empty registry."""
    monkeypatch.setattr(images, "is_pushed", lambda *arguments: False)
    monkeypatch.setenv("HERALD_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(images.privileges, "command", lambda *words: list(words))
    (tmp_path / "state" / "bin").mkdir(parents=True)
    return Environment(tmp_path / "state")


def install(environment: Environment, script: str, name: str = "mmdebstrap") -> None:
    program = environment.links / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def test_base_image_is_made_once(environment, tmp_path, monkeypatch):
    monkeypatch.setenv("HERALD_DEBIAN_MIRROR", "http://mirror.example.com/debian")
    install(environment, f'echo "$@" >> {tmp_path}/asked; echo archive')
    said = list[str]()
    made = images.base_system(environment, said.append)
    assert images.base_system(environment, said.append) == made
    assert (made.read_text(), said) == ("archive\n", ["building the Python base image"])
    [asked] = (tmp_path / "asked").read_text().splitlines()
    assert f"--keyring={environment.debian_keyring}" in asked
    assert asked.endswith("bookworm - http://mirror.example.com/debian")


def test_own_builder_needs_no_base_image(tmp_path, monkeypatch):
    monkeypatch.setenv("HERALD_CACHE", str(tmp_path))
    monkeypatch.setenv("HERALD_BUILDER", "mine")
    monkeypatch.setattr(images.packages, "provide", lambda environment: None)
    images.main()
    assert list(tmp_path.iterdir()) == []


def test_mmdebstrap_finds_its_filter(environment):
    """Both were fetched, and neither is installed."""
    install(environment, "echo filtered", "mmtarfilter")
    install(environment, "exec mmtarfilter")
    assert images.base_system(environment, lambda text: None).read_text() == "filtered\n"


def test_failure_names_its_cause(environment):
    install(environment, "(echo W: slow; echo no mmtarfilter; echo E: failed) >&2; exit 1")
    with pytest.raises(LocalError, match="could not be built: no mmtarfilter; "):
        images.base_system(environment, lambda text: None)


def test_unreachable_mirror_leaves_nothing(environment, tmp_path):
    install(environment, "echo part; echo 'E: cannot resolve deb.debian.org' >&2; exit 1")
    with pytest.raises(LocalError) as caught:
        images.base_system(environment, lambda text: None)
    assert str(caught.value) == (
        "the Python base image could not be built: E: cannot resolve deb.debian.org; "
        "check the network and HERALD_DEBIAN_MIRROR"
    )
    assert [path for path in (tmp_path / "cache").rglob("*") if path.is_file()] == []


def test_push_waits_for_a_slow_builder(environment, tmp_path, monkeypatch):
    monkeypatch.setenv("HERALD_PATIENCE", "6")
    install(environment, f'echo "$@" > {tmp_path}/asked', "buildctl")
    (tmp_path / "pause").touch()
    images.push(environment, images.PAUSE_IMAGE, tmp_path / "pause", "COPY pause /pause\n")
    asked = (tmp_path / "asked").read_text()
    socket = f"--addr=unix://{environment.state}/run/buildkitd.sock"
    assert asked.startswith(f"{socket} --timeout=60 build --progress=plain")


def install_busy_builder(environment: Environment, asked: Path, failures: int) -> None:
    """Install a buildctl that notes each call and whose first calls fail."""
    late = f"test $(wc -l < {asked}) -gt {failures} || {{ echo {LATE} >&2; exit 1; }}"
    install(environment, f"echo call >> {asked}; {late}", "buildctl")
    (asked.parent / "pause").touch()


def test_busy_builder_is_asked_again(environment, tmp_path):
    install_busy_builder(environment, tmp_path / "asked", failures=3)
    images.push(environment, images.PAUSE_IMAGE, tmp_path / "pause", "COPY pause /pause\n")
    assert (tmp_path / "asked").read_text() == "call\n" * 4


def test_pushed_image_needs_no_repetition(environment, tmp_path, monkeypatch):
    install_busy_builder(environment, tmp_path / "asked", failures=9)
    monkeypatch.setattr(images, "is_pushed", lambda *arguments: True)
    images.push(environment, images.PAUSE_IMAGE, tmp_path / "pause", "COPY pause /pause\n")
    assert (tmp_path / "asked").read_text() == "call\n"


def test_builder_that_stays_busy_fails(environment, tmp_path):
    install_busy_builder(environment, tmp_path / "asked", failures=9)
    with pytest.raises(LocalError, match=f"could not be built and pushed: {LATE}"):
        images.push(environment, images.PAUSE_IMAGE, tmp_path / "pause", "COPY pause /pause\n")
    assert (tmp_path / "asked").read_text() == "call\n" * 4


def test_failed_push_is_one_sentence(environment, tmp_path):
    install(environment, "echo detail >&2; echo 'error: no space left' >&2; exit 1", "buildctl")
    (tmp_path / "pause").touch()
    with pytest.raises(LocalError) as caught:
        images.push(environment, images.PAUSE_IMAGE, tmp_path / "pause", "COPY pause /pause\n")
    assert str(caught.value) == (
        "the image localhost:5000/herald-pause:1 could not be built and pushed:"
        " error: no space left"
    )
    assert sorted(path.name for path in environment.state.iterdir()) == ["bin"]
