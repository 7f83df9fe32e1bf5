"""Leftovers are found, named and removed, and those of others stay."""

import os
import signal
import subprocess
import sys

import pytest

from local.environment import Environment
from local.host import control_groups, leftovers, processes, record
from local.host.steps import stop


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine without control groups, bridge, chains or a record of ours."""
    monkeypatch.setattr(record, "FILE", tmp_path / "run" / "machine.json")
    monkeypatch.setattr(record, "KERNEL", tmp_path / "kernel")
    monkeypatch.setattr("local.host.firewall.chains", set)
    monkeypatch.setattr("local.host.network.DEVICES", tmp_path / "devices")
    monkeypatch.setattr(processes, "marks", dict)
    monkeypatch.setattr(control_groups, "existing", lambda *_: [])
    monkeypatch.setattr("local.host.firewall.remove", lambda kept: None)
    monkeypatch.setattr("local.host.firewall.supported_kind", lambda: "nft")
    monkeypatch.setattr("local.host.firewall.FILTER_KIND", str(tmp_path / "run" / "iptables"))
    return Environment(tmp_path / "state")


def sleeper(called: str = sys.executable, **variables: str) -> subprocess.Popen[bytes]:
    script = "import signal, time; print(flush=True); time.sleep(600)"
    process = subprocess.Popen(
        [called, "-c", script],
        executable=sys.executable,
        env=os.environ | variables,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    return process


@pytest.fixture
def started():
    running = list[subprocess.Popen[bytes]]()
    yield lambda *called, **variables: running.append(sleeper(*called, **variables)) or running[-1]
    for process in running:
        process.kill()
        process.wait()


@pytest.mark.integration
def test_only_marked_processes_end(tmp_path, started):
    ours, theirs = started(HERALD_STATE=str(tmp_path)), started()
    assert processes.marked_processes(tmp_path) == [ours.pid]
    processes.end([ours.pid])
    assert ours.wait(timeout=60) != 0
    assert theirs.poll() is None


@pytest.mark.integration
def test_engines_and_plugins_end(machine, started):
    home = machine.state / "pulumi"
    plugin = f"{home}/plugins/resource-kubernetes-v4.34.2/pulumi-resource-kubernetes"
    other_plugin = plugin.replace("/state/", "/theirs/")
    ours = [started("pulumi", PULUMI_HOME=str(home)), started(plugin)]
    theirs = [started("pulumi", PULUMI_HOME="/root/.pulumi"), started(other_plugin)]
    theirs.append(started(PULUMI_HOME=str(home)))  # such as the user's shell
    found = set(processes.engine_processes(machine.state))
    leftovers.sweep(machine)
    assert found == {process.pid for process in ours}
    assert [process.wait(timeout=60) for process in ours] == [-signal.SIGTERM] * 2
    assert [process.poll() for process in theirs] == [None] * 3


@pytest.mark.integration
def test_neighbours_keep_their_containers(machine, started, monkeypatch):
    container = started()
    monkeypatch.setattr(control_groups, "processes", lambda: [container.pid])
    monkeypatch.setattr(processes, "marks", lambda: {1: "/elsewhere/.local"})
    (machine.state / "bin").mkdir(parents=True)
    (machine.state / "bin" / "process-compose").touch()
    assert stop(machine) == []
    assert container.poll() is None


@pytest.mark.integration
def test_shared_parts_outlive_neighbours(machine, monkeypatch):
    removed = []
    for place in ("network.remove_bridge", "control_groups.remove", "record.restore"):
        monkeypatch.setattr(f"local.host.{place}", lambda place=place: removed.append(place))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(processes, "marks", lambda: {1: "/elsewhere/.local"})
    leftovers.sweep(machine)
    assert removed == []
    monkeypatch.setattr(processes, "marks", dict)
    leftovers.sweep(machine)
    assert removed == ["network.remove_bridge", "control_groups.remove", "record.restore"]


@pytest.mark.integration
def test_inspection_lists_everything(machine, tmp_path, started, monkeypatch):
    ours = started()
    chain = ("iptables", "nat", "KUBE-SERVICES")
    (tmp_path / "kernel" / "kernel").mkdir(parents=True)
    (tmp_path / "kernel" / "kernel" / "panic").write_text("0\n")
    record.save()
    (tmp_path / "kernel" / "kernel" / "panic").write_text("10\n")
    (tmp_path / "devices" / "herald0" / "bridge").mkdir(parents=True)
    monkeypatch.setattr(processes, "marks", lambda: {ours.pid: str(machine.state)})
    monkeypatch.setattr(leftovers, "mounts", lambda environment: [f"{environment.state}/layer"])
    monkeypatch.setattr(control_groups, "existing", lambda *_: [tmp_path / "group"])
    monkeypatch.setattr("local.host.firewall.chains", lambda: {chain})
    assert leftovers.find(machine) == [
        f"process {leftovers.describe(ours.pid)}",
        f"mount {machine.state}/layer",
        "bridge herald0",
        f"control group {tmp_path / 'group'}",
        "iptables chain nat/KUBE-SERVICES",
        "kernel setting kernel/panic = 10, was 0",
        f"file {tmp_path / 'run' / 'machine.json'}",
    ]


@pytest.mark.integration
def test_clean_machine_has_no_remains(machine):
    assert leftovers.find(machine) == []
