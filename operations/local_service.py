"""Runs a service of a stack on this machine, with the settings of its pods."""

import os
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from operations.errors import OperatorError
from operations.paused_pods import Pods, pods_paused
from operations.reloading import Program, interrupted_by_signals, run_reloading
from operations.stack import Stack
from stacks.config.project import PROJECT
from stacks.config.services import Service, find_services
from stacks.outputs.models import on_this_machine
from stacks.platform.images import contexts

AS_IN_THE_IMAGE = {"PYTHONUNBUFFERED": "1", "PYTHONTZPATH": ""}


def run_service(stack: Stack, name: str, *, debug: bool = False) -> None:
    """Run the service until a signal; then bring its pods back."""
    settings = on_this_machine(stack.name, stack.outputs, name)
    service = find_source(stack.name, name)
    address = address_for_pods(stack.name, settings)
    http, metrics = free_ports(address)
    ports = {"LISTEN_ADDRESS": address, "HTTP_PORT": str(http), "METRICS_PORT": str(metrics)}
    variables = {**os.environ, **AS_IN_THE_IMAGE, **settings, **ports}
    program = Program(service.package, service.folder, variables, debug)
    pods = Pods(
        context=stack.written.get("kubernetes:context"),
        namespace=stack.outputs.namespace,
        deployment=f"{stack.written[f'{PROJECT}:prefix']}{name}",
    )
    with interrupted_by_signals(), pods_paused(pods, address, http):
        url = stack.outputs.urls.get(name, f"http://{address}:{http}")
        print(f"{name} runs here in place of its pods: {url} (Ctrl-C ends it)", flush=True)
        run_reloading(program, sources(service))
    print(f"The pods of {name} are back.")


def find_source(stack: str, name: str) -> Service:
    service = find_services().get(name)
    if service is not None and service.is_python:
        return service
    if service is None or (service.image is not None and service.dockerfile is None):
        raise OperatorError(f"expected the source of {name} in services/{name}, found none")
    raise OperatorError(
        f"{name} is not a Python package; start its program with the settings that "
        f"`herald outputs --stack {stack} --service {name} --format env` prints"
    )


def sources(service: Service) -> Sequence[Path]:
    """Return the folders that the image is built from, without the lock files."""
    shared = [name for name in contexts(service).values() if name != "dependencies"]
    return [service.folder, *(service.folder.parent / name for name in shared)]


def address_for_pods(stack: str, settings: Mapping[str, str]) -> str:
    """Return the address at which the pods of the stack reach this machine.

    The AWS emulator runs here, so it is the emulator's.
    """
    address = urlsplit(settings.get("AWS_ENDPOINT_URL", "")).hostname
    if address is None:
        raise OperatorError(
            f"expected a stack whose pods reach this machine, such as local; those of {stack} "
            f"use AWS itself, so take the settings of `herald outputs --stack {stack}`"
        )
    return address


def free_ports(address: str) -> tuple[int, int]:
    """Return two ports that no process has, for requests and for metrics."""
    try:
        with socket.create_server((address, 0)) as http, socket.create_server((address, 0)) as last:
            return http.getsockname()[1], last.getsockname()[1]
    except OSError:
        raise OperatorError(
            f"expected this machine to have the address {address}, where the pods reach it; "
            "for the local stack run `make up`"
        ) from None
