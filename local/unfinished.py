"""Removes what an update that was killed had begun to create and the stack does not know.

The engine writes down that it creates a resource, with its name, before it asks the provider.
When both are killed, nobody knows whether the resource came to be, and the next update would
make another one with another name.
"""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from local.environment import Environment
from local.providers.aws.account import Account
from local.providers.aws.package import resource_type
from local.providers.aws.settings import Settings
from local.supervisor import SupervisorError

AUTONAMED = "pulumi.com/autonamed"  # an annotation; objects with other names are taken over


def begun(checkpoint: Path) -> list[dict[str, Any]]:
    """The operations that the stack's state has as begun and not ended."""
    state = json.loads(checkpoint.read_text())["checkpoint"].get("latest") or {}
    operations: list[dict[str, Any]] = state.get("pending_operations") or []
    return operations


def creations(operations: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Type and inputs of each resource whose creation was cut off."""
    for operation in operations:
        if operation["type"] == "creating" and operation["resource"].get("custom"):
            yield operation["resource"]["type"], operation["resource"].get("inputs", {})


def remove(operations: list[dict[str, Any]], environment: Environment, stack_file: Path) -> None:
    account = account_of(stack_file)
    for kind, inputs in creations(operations):
        if kind.startswith("aws:"):
            remove_from_emulator(account, kind, inputs)
        elif kind.startswith("kubernetes:"):
            remove_from_cluster(environment, inputs)


def account_of(stack_file: Path) -> Account:
    """Of the emulator, as the stack file tells the provider."""
    config: dict[str, Any] = yaml.safe_load(stack_file.read_text())["config"]
    return Account(Settings.of({name.removeprefix("aws:"): config[name] for name in config}))


def remove_from_emulator(account: Account, kind: str, inputs: dict[str, Any]) -> None:
    resource = resource_type(kind)(account)
    made = resource.made_of(inputs)
    if made is not None:
        resource.delete(made, inputs)


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
        raise SupervisorError(
            f"{inputs['kind']} {metadata['name']}, which a killed update may have left, could not"
            f" be deleted: {done.stderr.strip()}"
        )
