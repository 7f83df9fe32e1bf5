"""Debian programs are fetched, never installed, and only those that the machine lacks."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from local import environment as places
from local.environment import Environment
from local.errors import LocalError
from local.host import packages


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine that has nothing but what a test puts into its `bin`."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("HERALD_CACHE", str(tmp_path / "cache"))
    find = shutil.which
    inside = f"{tmp_path}/bin:{tmp_path}/state/bin"

    def which(name, path=None):
        return find(name, path=":".join(p for p in (path or inside).split(":") if p in inside))

    monkeypatch.setattr(packages.shutil, "which", which)
    monkeypatch.setattr(places, "installed_postgres", list)
    for module in (places, packages):
        monkeypatch.setattr(module, "CNI_FOLDERS", (tmp_path / "cni",))
        monkeypatch.setattr(module, "KEYRING", tmp_path / "debian-archive-keyring.gpg")
    return tmp_path


def put(folder: Path, *names: str) -> None:
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)


def wanted(machine: Path, **choices: str) -> list[str]:
    environment = Environment(machine / "state", **choices)
    missing = packages.missing_programs(environment)
    return packages.wanted_packages(environment, missing)


ALL = ["containerd", "containernetworking-plugins", "debian-archive-keyring",
       "iproute2", "iptables", "mmdebstrap", "postgresql", "prometheus",
       "prometheus-alertmanager", "runc"]  # fmt: skip


def test_bare_machine_wants_all(machine):
    assert wanted(machine) == ALL


def test_present_programs_are_used(machine, monkeypatch):
    """Such as Docker's containerd and runc."""
    put(machine / "bin", "containerd", "containerd-shim-runc-v2", "ctr", "runc", "ip")
    put(machine / "bin", "iptables", "iptables-save", "iptables-restore")
    put(machine / "bin", "prometheus", "promtool", "prometheus-alertmanager")
    put(machine / "cni", *places.CNI_PLUGINS)
    (machine / "debian-archive-keyring.gpg").touch()
    monkeypatch.setattr(places, "installed_postgres", lambda: [machine])
    assert wanted(machine) == ["mmdebstrap"]
    put(machine / "bin", "mmdebstrap")
    assert wanted(machine) == ["mmdebstrap"]  # for its mmtarfilter
    put(machine / "bin", "mmtarfilter")
    assert wanted(machine) == []


def test_own_cluster_and_builder_replace(machine):
    cluster, builder = {"own_kubeconfig": "/kube/config"}, {"own_builder": "mine"}
    assert wanted(machine, **cluster) == [
        "debian-archive-keyring", "mmdebstrap", "postgresql", "runc",
    ]  # fmt: skip
    assert wanted(machine, **builder) == [
        "containerd", "containernetworking-plugins", "iproute2", "iptables",
        "postgresql", "prometheus", "prometheus-alertmanager", "runc",
    ]  # fmt: skip
    assert wanted(machine, **cluster, **builder) == ["postgresql"]


def test_fetched_programs_are_not_the_machines(machine):
    put(machine / "bin", "containerd", "containerd-shim-runc-v2", "ctr")
    (machine / "state").mkdir()
    put(machine / "state" / "bin", "runc")
    os.environ["PATH"] += f":{machine}/state/bin"
    assert "runc" in wanted(machine)


def test_machine_without_apt_is_one_sentence(machine):
    with pytest.raises(LocalError) as caught:
        packages.provide(Environment(machine / "state"))
    assert str(caught.value) == (
        f"{', '.join(ALL)} must be downloaded with apt-get, but apt-get was not found;"
        " install the packages yourself or set HERALD_WAY=container"
    )


def test_unreachable_mirror_is_one_sentence(machine):
    failure = 'echo "E: Unable to locate package runc" >&2; exit 100'
    script = f'#!/bin/sh\ncase "$*" in *install*) {failure};; esac\n'
    put(machine / "bin", "apt-get")
    (machine / "bin" / "apt-get").write_text(script)
    with pytest.raises(LocalError) as caught:
        packages.provide(Environment(machine / "state"))
    assert str(caught.value) == (
        "Debian packages could not be downloaded: apt-get: E: Unable to locate package runc;"
        " check the network and the machine's package sources"
    )
    assert list((machine / "cache" / "packages").iterdir()) == []


@pytest.mark.integration
def test_package_is_fetched_without_installing(tmp_path, monkeypatch):
    """The real apt, with the machine's sources, for a small package that conflicts with nothing."""
    monkeypatch.setenv("HERALD_CACHE", str(tmp_path))
    query = ["dpkg-query", "-W", "-f", "${Package} ${Version} ${Status}\n"]
    before = subprocess.check_output(query)
    root = packages.unpack(["debian-archive-keyring", "mmdebstrap"])
    assert (root / "usr/bin/mmdebstrap").exists()
    assert subprocess.check_output(query) == before
    assert root == packages.unpack(["debian-archive-keyring", "mmdebstrap"])
