"""Runs a preview of a stack where nothing of that stack can be reached.

The settings of the stack are kept; who it talks to is replaced: an empty state in a temporary
folder, the AWS emulator and the cluster of this machine, made-up secrets.
"""

import json
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from local.environment import PROJECT, Environment
from preview.made_up_foundation import made_up_state

PATIENCE = 3  # seconds
KEPT = ("aws:region", "aws:defaultTags")  # of the providers' settings
PUSH = "herald:push"
IMAGES = "herald:images"
MADE_UP = json.dumps({"type": "service_account", "private_key": "made up for a preview"})
ACCESS = ("AWS_", "PULUMI_", "KUBE", "GOOGLE_", "GITHUB_", "ACTIONS_")


class PreviewError(Exception):
    """One sentence for the user."""


@dataclass(frozen=True)
class Program:
    """One of this project's programs: its folder, and what is linked beside a copy of it."""

    folder: Path
    parts: tuple[str, ...]  # from the project's folder


PROGRAMS = {
    "platform": Program(PROJECT, ("stacks", "services", ".venv")),
    "foundation": Program(PROJECT / "foundation", ("foundation/__main__.py", ".venv")),
}


def stack_names(project: Path = PROJECT) -> list[str]:
    return sorted(file.name.split(".")[1] for file in project.glob("Pulumi.*.yaml"))


def read_stack_file(stack: str, project: Path = PROJECT) -> dict[str, Any]:
    if stack not in stack_names(project):
        known = ", ".join(stack_names(project))
        raise PreviewError(f"{stack or 'STACK'} is no stack; expected one of {known}")
    try:
        content = yaml.safe_load((project / f"Pulumi.{stack}.yaml").read_text())
    except yaml.YAMLError as error:
        place = str(getattr(error, "problem_mark", "")).strip()
        raise PreviewError(f"Pulumi.{stack}.yaml is no YAML {place}; mend it there") from error
    config = content.get("config") if isinstance(content, dict) else None
    if not isinstance(config, dict):
        raise PreviewError(f"Pulumi.{stack}.yaml has no `config:` with the stack's settings")
    return config


def rehearsed(config: Mapping[str, Any], local: Mapping[str, Any], secret: Path) -> dict[str, Any]:
    """The stack's settings with the addresses of the local environment in place of its own."""
    own = {key: value for key, value in config.items() if is_kept(key)}
    addresses = {
        key: value for key, value in local.items() if key.startswith("aws:") and key not in KEPT
    }
    result: dict[str, Any] = {**made_up(own, secret), **addresses}
    if isinstance(result.get(PUSH), dict):
        result[PUSH] = {"credentials": {"fromFile": str(secret)}, **result[PUSH]}
    if isinstance(result.get(IMAGES), dict) and "builder" in local.get(IMAGES, {}):
        result[IMAGES] = {**result[IMAGES], "builder": local[IMAGES]["builder"]}
    return result


def is_kept(key: str) -> bool:
    return key in KEPT or not key.startswith(("aws:", "kubernetes:", "docker-build:"))


def made_up(value: Any, secret: Path) -> Any:
    """Secrets of the stack can't be read here, and need not be."""
    if isinstance(value, dict):
        if set(value) == {"secure"}:
            return {"fromFile": str(secret)}
        return {key: made_up(each, secret) for key, each in value.items()}
    if isinstance(value, list):
        return [made_up(each, secret) for each in value]
    return value


def variables(environment: Environment, backend: Path) -> dict[str, str]:
    """Nothing that gives access to an account, a state or a cluster is handed on."""
    harmless = {key: value for key, value in os.environ.items() if not key.startswith(ACCESS)}
    return {
        **harmless,
        **environment.shell(),
        "PULUMI_BACKEND_URL": f"file://{backend}",
        "PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "true",
    }


def rehearse(program: Program, stack: str, environment: Environment) -> str:
    """The engine's events, one JSON a line."""
    config, local = read_stack_file(stack, program.folder), read_stack_file("local")
    if missing := lacking(environment):
        raise PreviewError(missing)
    with tempfile.TemporaryDirectory(prefix="herald-preview-") as name:
        folder = Path(name)
        secret = folder / "secret"
        secret.write_text(MADE_UP)
        state = folder / "state"
        settings = rehearsed(config, local, secret)
        own = lay_out(folder, program, stack, settings)
        around = variables(environment, state)
        pulumi(["stack", "init", stack], own, around)
        made_up_state(state, settings)
        return run(stack, own, around)


def lacking(environment: Environment) -> str | None:
    """What a rehearsal needs and is not there, with what to do."""
    path = environment.shell()["PATH"]
    if shutil.which("pulumi", path=path) is None:
        return "pulumi is not installed; `make tools` builds it"
    if not (PROJECT / "policies" / ".venv" / "ready").exists():
        return "the policy pack has no packages yet; `make policies` installs them"
    try:
        socket.create_connection(("127.0.0.1", environment.ports["AWS_PORT"]), PATIENCE).close()
    except OSError:
        return "the local environment does not answer; `make up` starts it"
    return None


def lay_out(folder: Path, program: Program, stack: str, config: Mapping[str, Any]) -> Path:
    """A copy of the project in which only settings differ; gives the program's folder in it."""
    own = folder / program.folder.relative_to(PROJECT)
    own.mkdir(exist_ok=True)
    (folder / "state").mkdir()
    (own / "Pulumi.yaml").write_text((program.folder / "Pulumi.yaml").read_text())
    (own / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump({"config": dict(config)}))
    for part in program.parts:
        (folder / part).symlink_to(PROJECT / part)
    return own


def run(stack: str, folder: Path, environment: Mapping[str, str]) -> str:
    options = ["--stack", stack, "--json", "--policy-pack", str(PROJECT / "policies")]
    done = pulumi(["preview", *options], folder, environment, may_fail=True)
    if '"summaryEvent"' not in done.stdout and '"diagnosticEvent"' not in done.stdout:
        raise PreviewError(f"`pulumi preview` told nothing: {done.stderr.strip()}")
    return done.stdout


def pulumi(
    arguments: list[str], folder: Path, environment: Mapping[str, str], may_fail: bool = False
) -> subprocess.CompletedProcess[str]:
    command = ["pulumi", *arguments, "--non-interactive", "--color", "never"]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode and not may_fail:
        raise PreviewError(f"`pulumi {' '.join(arguments)}` failed: {done.stderr.strip()}")
    return done
