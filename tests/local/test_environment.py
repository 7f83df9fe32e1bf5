import os
import re
from pathlib import Path

import pytest
import yaml

from local import patience
from local.environment import (
    BRIDGE_ADDRESS,
    CLUSTER,
    MACHINE_STATES,
    MONITORING,
    NOBODY,
    PROJECT,
    Environment,
    read_ports,
)
from local.errors import LocalError


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    return Environment(tmp_path)


def test_ports_are_numbers_by_name():
    text = "# a comment\nAWS_PORT=4566\n\nINBOX_PORT=8025 # web page\n"
    assert read_ports(text) == {"AWS_PORT": 4566, "INBOX_PORT": 8025}


def test_no_two_processes_share_a_port(environment):
    ports = list(environment.ports.values())
    assert sorted(ports) == sorted(set(ports))


def test_processes_use_only_variables_that_exist(environment):
    text = (PROJECT / "local" / "processes.yaml").read_text()
    used = set(re.findall(r"\$([A-Z_]+)", text))
    assert used <= set(environment.variables())


def test_every_process_is_checked_and_restarted():
    processes = yaml.safe_load((PROJECT / "local" / "processes.yaml").read_text())["processes"]
    careless = [
        name
        for name, process in processes.items()
        if "readiness_probe" not in process or process["availability"]["restart"] != "always"
    ]
    assert careless == []


def test_stack_file_has_ports_of_environment(environment):
    text = (PROJECT / "Pulumi.local.yaml").read_text()
    config = yaml.safe_load(text)["config"]
    endpoints = {url for services in config["aws:endpoints"] for url in services.values()}
    assert endpoints == {environment.url("AWS_PORT")}
    ports = environment.ports
    for port in ("POSTGRES_PORT", "REGISTRY_PORT", "REMINDERS_PORT", "DEVICES_PORT"):
        assert str(ports[port]) in text
    assert f"http://{BRIDGE_ADDRESS}:{ports['INBOX_PORT']}" in text


def test_shell_has_variables_of_other_programs(environment):
    shell = environment.shell()
    promised = {
        "REMINDERS_URL", "DEVICES_URL", "INBOX_URL", "AWS_ENDPOINT_URL", "KUBECONFIG",
        "DATABASE_ADMIN_URL", "PULUMI_HOME", "PULUMI_BACKEND_URL", "PATH",
    }  # fmt: skip
    assert promised <= set(shell)
    assert shell["PATH"].split(":")[0] == str(environment.links)


def test_user_can_bring_cluster_and_builder():
    environment = Environment.from_variables(
        {
            "HERALD_KUBECONFIG": "/home/me/.kube/config",
            "HERALD_BUILDER": "mine",
            "HERALD_HOST_ADDRESS": "172.18.0.1",
        }
    )
    assert environment.replaced_processes() == (*CLUSTER, *MONITORING, "buildkitd")
    assert environment.variables()["BRIDGE_ADDRESS"] == "172.18.0.1"
    shell = environment.shell()
    assert (shell["KUBECONFIG"], "DOCKER_CONFIG" in shell) == ("/home/me/.kube/config", False)


def test_without_a_choice_everything_is_ours():
    environment = Environment.from_variables({})
    assert (environment, environment.replaced_processes()) == (Environment(), ())
    processes = yaml.safe_load((PROJECT / "local" / "processes.yaml").read_text())["processes"]
    assert {*CLUSTER, *MONITORING, "buildkitd"} < set(processes)


def test_files_of_root_lie_outside_checkout(tmp_path):
    root, user = Environment(tmp_path, owner=(0, 0)), Environment(tmp_path, owner=(1000, 1000))
    assert root.machine_state == tmp_path
    assert user.machine_state.parent == MACHINE_STATES
    assert user.machine_state != Environment(tmp_path / "other", owner=(1000, 1000)).machine_state


def test_processes_run_as_the_user(tmp_path):
    user = Environment(tmp_path, owner=(1000, 100))
    as_user = "setpriv --reuid=1000 --regid=100 --init-groups"
    assert (user.as_owner(), user.as_database()) == (as_user, as_user)
    root = Environment(tmp_path, owner=(0, 0))
    assert root.as_owner() == ""
    assert root.as_database().startswith(f"setpriv --reuid={NOBODY} --regid={NOBODY} ")


def test_own_cluster_and_builder_avoid_root(tmp_path):
    own = Environment(tmp_path, own_kubeconfig="/c", own_builder="mine", owner=(1000, 100))
    assert (own.needs_root, own.as_owner(), own.machine_state) == (False, "", tmp_path)
    assert Environment(tmp_path, own_builder="mine").needs_root


def test_owner_is_the_user_behind_sudo():
    assert Environment.from_variables({"HERALD_OWNER": "1000:100"}).owner == (1000, 100)
    assert Environment.from_variables({}).owner == (os.getuid(), os.getgid())


def test_patience_lengthens_probes(tmp_path, monkeypatch):
    monkeypatch.setenv("HERALD_PATIENCE", "4")
    variables = Environment(tmp_path).variables()
    assert (variables["PROBE_PERIOD"], variables["PROBE_TIMEOUT"]) == ("240", "20")


def test_patience_reaches_stack_and_plugin(tmp_path, monkeypatch):
    names = {"HERALD_PATIENCE", "PULUMI_K8S_CLIENT_TIMEOUT"}
    assert names.isdisjoint(Environment(tmp_path).shell())
    monkeypatch.setenv("HERALD_PATIENCE", "4")
    shell = Environment(tmp_path).shell()
    assert {name: shell[name] for name in names} == {
        "HERALD_PATIENCE": "4",
        "PULUMI_K8S_CLIENT_TIMEOUT": "240",
    }


@pytest.mark.parametrize("text", ["slow", "0.5", "1000", ""])
def test_wrong_patience_is_one_sentence(text):
    with pytest.raises(LocalError) as caught:
        patience.factor({"HERALD_PATIENCE": text})
    expected = f"HERALD_PATIENCE must be a number from 1 to 100, for example 4; got {text!r}"
    assert str(caught.value) == expected


def test_proxy_leaves_connection_tracking_alone():
    """Its limit belongs to the machine, and a container may not write it."""
    processes = yaml.safe_load((PROJECT / "local" / "processes.yaml").read_text())["processes"]
    options = processes["proxy"]["command"].split()
    assert [option for option in options if "conntrack" in option] == [
        "--conntrack-max-per-core=0",
        "--conntrack-tcp-timeout-established=0",
        "--conntrack-tcp-timeout-close-wait=0",
    ]


def test_failed_checks_end_no_process():
    processes = yaml.safe_load((PROJECT / "local" / "processes.yaml").read_text())["processes"]
    for name, process in processes.items():
        assert process["readiness_probe"]["failure_threshold"] > 24 * 3600, name  # checks a second
