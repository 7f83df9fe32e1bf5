"""Removes resources that a killed update created and the stack does not know.

The engine records the creation of a resource, with its name, before it calls the provider. If both
are killed, the result is unknown, and the next update would create another resource.
"""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from local.environment import Environment
from local.errors import LocalError
from plugins.aws.account import Account
from plugins.aws.package import resource_type
from plugins.aws.settings import Settings

AUTONAMED = "pulumi.com/autonamed"  # annotation; objects without it are adopted


def read_operations(checkpoint: Path) -> list[dict[str, Any]]:
    """Return the pending operations in the state of the stack."""
    state = json.loads(checkpoint.read_text())["checkpoint"].get("latest") or {}
    operations: list[dict[str, Any]] = state.get("pending_operations") or []
    return operations


def interrupted_creations(operations: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Return type and inputs of each interrupted creation."""
    for operation in operations:
        if operation["type"] == "creating" and operation["resource"].get("custom"):
            yield operation["resource"]["type"], operation["resource"].get("inputs", {})


def remove(operations: list[dict[str, Any]], environment: Environment, stack_file: Path) -> None:
    account = account_of(stack_file)
    for kind, inputs in interrupted_creations(operations):
        if kind.startswith("aws:"):
            remove_from_emulator(account, kind, inputs)
        elif kind.startswith("kubernetes:"):
            remove_from_cluster(environment, inputs)


def account_of(stack_file: Path) -> Account:
    """Return the account of the emulator from the stack file."""
    config: dict[str, Any] = yaml.safe_load(stack_file.read_text())["config"]
    return Account(
        Settings.from_config({name.removeprefix("aws:"): config[name] for name in config})
    )


def remove_from_emulator(account: Account, kind: str, inputs: dict[str, Any]) -> None:
    resource = resource_type(kind)(account)
    created = resource.find_created(inputs)
    if created is not None:
        resource.delete(created, inputs)


def remove_from_cluster(environment: Environment, inputs: Mapping[str, Any]) -> None:
    metadata = inputs["metadata"]
    if metadata.get("annotations", {}).get(AUTONAMED) != "true":
        return
    place = ["--namespace", metadata["namespace"]] if "namespace" in metadata else []
    done = subprocess.run(
        ["kubectl", "delete", inputs["kind"], metadata["name"], *place, "--ignore-not-found"],
        env={**os.environ, **environment.shell()},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise LocalError(
            f"{inputs['kind']} {metadata['name']}, which a killed update may have left, could not"
            f" be deleted: {done.stderr.strip()}"
        )
