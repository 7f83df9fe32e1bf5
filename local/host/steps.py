"""Defines the steps of `make up` and `make down` that change the machine."""

import os
from collections.abc import Callable, Sequence

from local.environment import Environment
from local.host import control_groups, leftovers, network, ports, processes, record
from local.supervisor import Supervisor

ROOT_PATH = "/usr/sbin:/sbin"  # Debian leaves it out of the path of other users


def clear(environment: Environment) -> Sequence[str]:
    """Remove the leftovers of an earlier run, then check that our ports are free."""
    leftovers.sweep(environment)
    ports.check(environment)
    return []


def start(environment: Environment) -> Sequence[str]:
    """Create the network and control groups of the pods, then start every process."""
    if not environment.own_kubeconfig or not environment.own_builder:
        record.save()
        control_groups.make()
    if not environment.own_kubeconfig:
        network.make_bridge()
        record.write(record.FORWARDING, "1")
    environment.machine_state.mkdir(parents=True, exist_ok=True)
    supervisor = Supervisor(environment)
    supervisor.start()
    os.chown(environment.socket, *environment.owner)
    return []


def stop(environment: Environment) -> Sequence[str]:
    """Stop everything and return the leftovers that could not be removed.

    Containers outlive containerd. This step ends them while containerd can still clean up.
    """
    processes.end(list(processes.engine_processes(environment.state)))
    supervisor = Supervisor(environment)
    if supervisor.is_running():  # else the containers may belong to another checkout
        if os.geteuid() == 0:
            processes.end(list(control_groups.processes()), grace=0)
        supervisor.stop()
    leftovers.sweep(environment)
    return leftovers.find(environment)


STEPS: dict[str, Callable[[Environment], Sequence[str]]] = {
    "clear": clear,
    "start": start,
    "stop": stop,
    "inspect": leftovers.find,
}


def run(step: str, environment: Environment) -> list[str]:
    """Run a step with the downloaded programs and those of root on the path."""
    os.environ["PATH"] = os.pathsep.join((str(environment.links), os.environ["PATH"], ROOT_PATH))
    return list(STEPS[step](environment))
