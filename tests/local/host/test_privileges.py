"""Root's steps run through sudo, and a machine without root is refused in one sentence."""

import json
import os

import pytest

from local.environment import PROJECT, Environment
from local.errors import LocalError
from local.host import privileges


@pytest.fixture
def user(tmp_path, monkeypatch):
    """An ordinary user whose `sudo` is the script that a test writes."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(os, "getuid", lambda: 1000)
    monkeypatch.setattr(os, "getgid", lambda: 1000)
    monkeypatch.setenv("PATH", f"{tmp_path}")
    privileges.ask.cache_clear()

    def install(script: str) -> Environment:
        (tmp_path / "sudo").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "sudo").chmod(0o755)
        return Environment(tmp_path / "state", owner=(1000, 1000))

    yield install
    privileges.ask.cache_clear()


def test_missing_sudo_is_one_sentence(user):
    with pytest.raises(LocalError) as caught:
        privileges.command("rm")
    assert str(caught.value) == (
        "containers need root, but you are not root and sudo is not installed;"
        " run make as root or install sudo"
    )


def test_refusing_sudo_is_one_sentence(user):
    user("exit 1")
    with pytest.raises(LocalError) as caught:
        privileges.command("rm")
    assert str(caught.value) == "containers need root, but sudo refused it; run make as root"


def test_reason_is_printed_once(user, capsys):
    user("exit 0")
    assert [privileges.command("rm"), privileges.command("ls")] == [["sudo", "rm"], ["sudo", "ls"]]
    assert capsys.readouterr().out == f"  {privileges.REASON}\n"


def test_step_gets_the_users_variables(user, tmp_path, monkeypatch):
    monkeypatch.setenv("HERALD_KUBECONFIG", "/home/ada/config")
    record = f'{{ echo "$@" > {tmp_path}/words; /bin/cat > {tmp_path}/given; }}'
    environment = user(f'[ "$1" = true ] || {record}; echo []')
    assert privileges.perform("inspect", environment, as_root=True) == []
    words = (tmp_path / "words").read_text()
    assert words == f"{PROJECT}/.venv/bin/python -B -m local.host inspect\n"
    given = json.loads((tmp_path / "given").read_text())
    assert (given["HERALD_OWNER"], given["HERALD_KUBECONFIG"]) == ("1000:1000", "/home/ada/config")


def test_failed_step_reports_its_sentence(user):
    environment = user('[ "$1" = true ] || { echo "ports are in use: 5000" >&2; exit 1; }')
    with pytest.raises(LocalError, match="^ports are in use: 5000$"):
        privileges.perform("clear", environment, as_root=True)


def test_unprivileged_step_needs_no_sudo(user, monkeypatch):
    monkeypatch.setattr("local.host.steps.STEPS", {"inspect": lambda environment: ["a mount"]})
    environment = user("exit 1")
    assert privileges.perform("inspect", environment, as_root=False) == ["a mount"]
