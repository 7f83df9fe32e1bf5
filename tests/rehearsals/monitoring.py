"""Prometheus and Alertmanager as `make up` runs them, for the pods of an environment."""

import copy
import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any, cast
from urllib.parse import urlsplit

import yaml

from local.addresses import Address
from local.environment import PROJECT
from local.environment import Environment as Machine
from local.monitoring import write_alertmanager, write_prometheus
from local.pod_targets import Cluster, server
from tests.rehearsals.environment import Environment, Pod
from tests.services.processes import free_port
from tests.upgrade.fleet import wait_for_answer

PROCESSES = yaml.safe_load((PROJECT / "local" / "processes.yaml").read_text())["processes"]
OWN_PORTS = ("PROMETHEUS_PORT", "ALERTMANAGER_PORT", "POD_TARGETS_PORT")


@dataclass
class Pods:
    """Lists the processes of an environment as the API of a cluster lists pods."""

    stack: Environment
    others: dict[str, Pod] = field(default_factory=dict)  # more pods of its deployments, by name

    def pods(self, namespace: str) -> list[dict[str, Any]]:
        return [manifest(name, pod) for name, pod in {**self.stack.pods, **self.others}.items()]


def manifest(name: str, pod: Pod) -> dict[str, Any]:
    template = copy.deepcopy(pod.template)
    [container] = template["spec"]["containers"]
    container["ports"] = [{"name": "metrics", "containerPort": pod.metrics_port}]
    return {
        "metadata": {**template["metadata"], "name": name},
        "spec": template["spec"],
        "status": {"podIP": "127.0.0.1", "phase": "Running"},
    }


@contextmanager
def monitoring(folder: Path, pods: Pods, topic_arn: str) -> Iterator[str]:
    """Start both with the rules of the platform; yield the URL of Prometheus."""
    machine = machine_of(folder, pods.stack.account.url)
    write_prometheus(machine)
    write_alertmanager(machine, topic_arn)
    address = Address.parse(f"127.0.0.1:{machine.ports['POD_TARGETS_PORT']}")
    with server(address, cast(Cluster, pods), pods.stack.name) as targets, ExitStack() as running:
        Thread(target=targets.serve_forever).start()
        running.callback(targets.shutdown)
        for name in ("prometheus", "alertmanager"):
            running.enter_context(process(name, machine))
            wait_for_answer(f"{machine.url(f'{name.upper()}_PORT')}/-/ready")
        yield machine.url("PROMETHEUS_PORT")


def machine_of(folder: Path, aws: str) -> Machine:
    """Return the local environment in a folder, with ports and the emulator of the rehearsal."""
    machine = Machine(state=folder)
    folder.mkdir()
    machine.links.symlink_to(Machine().links)
    vars(machine)["ports"] = {
        **machine.ports,
        "AWS_PORT": urlsplit(aws).port,
        **{name: free_port() for name in OWN_PORTS},
    }
    return machine


@contextmanager
def process(name: str, machine: Machine) -> Iterator[None]:
    """Run a process of `make up` by its command."""
    own = {"PATH": f"{machine.links}:{os.environ['PATH']}", "OWN_SHARE": own_share(machine)}
    values = {**os.environ, **machine.variables(), **own, "AS_OWNER": ""}
    command = ["sh", "-c", PROCESSES[name]["command"]]
    with (machine.state / f"{name}.log").open("w") as log:
        with subprocess.Popen(command, env=values, stdout=log, stderr=log) as running:
            try:
                yield
            finally:
                running.terminate()


def own_share(machine: Machine) -> str:
    """Return the prefix for downloaded programs; those of the machine need none."""
    if not (machine.links / "prometheus").exists():
        return ""
    user = "" if os.geteuid() == 0 else " --map-root-user"
    return machine.own_share().replace("unshare", f"unshare{user}", 1)
