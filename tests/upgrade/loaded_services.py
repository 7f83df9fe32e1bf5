"""Runs commands of services in forks of one process, which has loaded the code of one version.

Requests and answers are lines of JSON. Starting 16 pods one by one would take a minute.
"""

import importlib
import json
import os
import runpy
import sys
from typing import Any

from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase

PACKAGES = ("reminder_service", "event_service", "notification_scheduler", "notification_service")
MIGRATIONS = "service_runtime.migrations"


def main() -> None:
    for name in (*(f"{one}.__main__" for one in PACKAGES), MIGRATIONS):
        importlib.import_module(name)
    answer({name: sys.modules[name].__file__ for name in (*PACKAGES, MIGRATIONS)})
    for name in PACKAGES:
        del sys.modules[f"{name}.__main__"]  # a fork runs it
    for line in sys.stdin:
        answer(act(json.loads(line)))


def act(request: dict[str, Any]) -> int | None:
    """Start a command and return its process id, or return the exit code of a process."""
    if "command" in request:
        return os.fork() or run(**request)
    pid, status = os.waitpid(request["pid"], 0 if request["wait"] else os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if pid else None


def run(command: list[str], environment: dict[str, str], log: str) -> int:
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    output = os.open(log, os.O_WRONLY | os.O_CREAT)
    for descriptor in (1, 2):
        os.dup2(output, descriptor)
    os.environ.update(environment)
    forget_metrics_except(command[0])
    sys.argv = command
    runpy.run_module(command[0], run_name="__main__", alter_sys=True)
    sys.exit(0)


def forget_metrics_except(package: str) -> None:
    """Unregister the metrics of other services, as the pod of this one does not have them."""
    for name in {f"{one}.metrics" for one in PACKAGES if one != package} & sys.modules.keys():
        for value in vars(sys.modules[name]).values():
            if isinstance(value, MetricWrapperBase):
                REGISTRY.unregister(value)


def answer(value: object) -> None:
    print(json.dumps(value), flush=True)


if __name__ == "__main__":
    main()
