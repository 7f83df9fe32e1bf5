"""A machine that cannot run the environment is refused in one sentence."""

import shutil
from collections import namedtuple

import pytest

from local.environment import PROJECT, Environment
from local.errors import LocalError
from local.host import requirements


@pytest.fixture
def environment(tmp_path, monkeypatch):
    (tmp_path / "meminfo").write_text("MemTotal: 8000000 kB\nMemAvailable: 4194304 kB\n")
    monkeypatch.setattr(requirements, "MEMORY", tmp_path / "meminfo")
    return Environment(tmp_path / "state")


def refusal(environment: Environment) -> str:
    with pytest.raises(LocalError) as caught:
        requirements.check(environment)
    return str(caught.value)


def test_other_system_is_refused(environment, monkeypatch):
    monkeypatch.setattr(requirements.platform, "system", lambda: "Darwin")
    assert refusal(environment) == (
        "the local environment needs Linux, but this is Darwin;"
        " start Docker and run make again, and it uses a container"
    )


def test_missing_programs_are_named(environment, monkeypatch):
    known = {"ip", "setpriv"}
    monkeypatch.setattr(shutil, "which", lambda name, path: name if name in known else None)
    missing = ", ".join(n for n in requirements.needed_programs(environment) if n not in known)
    assert refusal(environment) == (
        f"these programs were not found: {missing}; run `make packages tools`"
    )


def test_small_disk_is_refused(environment, monkeypatch):
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage(2.5 * 2**30))
    with pytest.raises(LocalError) as caught:
        requirements.check_space(environment)
    assert str(caught.value) == (
        f"the local environment needs 6 GiB of disk at {PROJECT}, but 2.5 GiB are free;"
        " free some space"
    )


def test_small_memory_is_refused(environment):
    requirements.MEMORY.write_text("MemAvailable: 1048576 kB\n")
    with pytest.raises(LocalError) as caught:
        requirements.check_space(environment)
    assert str(caught.value) == (
        "the local environment needs 2.5 GiB of memory, but 1.0 GiB are available;"
        " end other programs"
    )


def test_replaced_parts_need_no_programs(environment):
    own = Environment(environment.state, own_kubeconfig="/config", own_builder="mine")
    assert not {"containerd", "kube", "runc", "buildkitd"} & {*requirements.needed_programs(own)}
