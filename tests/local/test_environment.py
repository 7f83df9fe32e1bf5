import re
from pathlib import Path

import pytest
import yaml

from local.environment import BRIDGE_ADDRESS, CLUSTER, PROJECT, Environment, read_ports


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


def test_the_stack_file_names_the_ports_of_the_environment(environment):
    text = (PROJECT / "Pulumi.local.yaml").read_text()
    config = yaml.safe_load(text)["config"]
    endpoints = {url for services in config["aws:endpoints"] for url in services.values()}
    assert endpoints == {environment.url("AWS_PORT")}
    ports = environment.ports
    for port in ("POSTGRES_PORT", "REGISTRY_PORT", "REMINDERS_PORT", "DEVICES_PORT"):
        assert str(ports[port]) in text
    assert f"http://{BRIDGE_ADDRESS}:{ports['INBOX_PORT']}" in text


def test_a_shell_gets_what_other_programs_rely_on(environment):
    shell = environment.shell()
    promised = {
        "REMINDERS_URL", "DEVICES_URL", "INBOX_URL", "AWS_ENDPOINT_URL", "KUBECONFIG",
        "DATABASE_ADMIN_URL", "PULUMI_HOME", "PULUMI_BACKEND_URL", "PATH",
    }  # fmt: skip
    assert promised <= set(shell)
    assert shell["PATH"].split(":")[0] == str(environment.links)


def test_a_user_brings_a_cluster_and_a_builder():
    environment = Environment.chosen(
        {
            "HERALD_KUBECONFIG": "/home/me/.kube/config",
            "HERALD_BUILDER": "mine",
            "HERALD_HOST_ADDRESS": "172.18.0.1",
        }
    )
    assert environment.replaced() == (*CLUSTER, "buildkitd")
    assert environment.variables()["BRIDGE_ADDRESS"] == "172.18.0.1"
    shell = environment.shell()
    assert (shell["KUBECONFIG"], "DOCKER_CONFIG" in shell) == ("/home/me/.kube/config", False)


def test_without_a_choice_everything_is_ours():
    environment = Environment.chosen({})
    assert (environment, environment.replaced()) == (Environment(), ())
    processes = yaml.safe_load((PROJECT / "local" / "processes.yaml").read_text())["processes"]
    assert {*CLUSTER, "buildkitd"} < set(processes)
