"""Runs a preview of a stack only on this machine.

The settings of the stack stay, except credentials. The engine gets an empty state in a temporary
folder, stand-ins for the plugins of providers, and simulated secrets. So it cannot reach an account
or a cluster.
"""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from plugins.installation import PROJECT, write_language_host, write_stand_ins
from review.simulation.simulated_foundation import write_foundation_state
from stacks.config.project import PROJECT as PROJECT_NAME

PROVIDERS = ("aws", "docker-build", "kubernetes", "random")
KEPT = ("aws:region", "aws:defaultTags")  # settings of providers
PUSH = f"{PROJECT_NAME}:push"
MADE_UP = json.dumps({"type": "service_account", "private_key": "made up for a preview"})
ACCESS = ("AWS_", "PULUMI_", "KUBE", "GOOGLE_", "GITHUB_", "ACTIONS_")
ENGINE = {
    "PULUMI_CONFIG_PASSPHRASE": "",
    "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    "PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "true",
    "PULUMI_IGNORE_AMBIENT_PLUGINS": "true",
    "PULUMI_SKIP_UPDATE_CHECK": "true",
}


class PreviewError(Exception):
    """Reports in one sentence why a preview is impossible."""


@dataclass(frozen=True)
class Program:
    """Describes a program of this project: its folder, and the folders that it needs."""

    folder: Path
    parts: tuple[str, ...]  # paths relative to the project


PROGRAMS = {
    "platform": Program(PROJECT, ("stacks", "services", ".venv")),
    "foundation": Program(
        PROJECT / "stacks/foundation", ("stacks/foundation/__main__.py", ".venv")
    ),
}


def stack_names(project: Path = PROJECT) -> list[str]:
    return sorted(file.name.split(".")[1] for file in project.glob("Pulumi.*.yaml"))


def read_stack_file(stack: str, project: Path = PROJECT) -> dict[str, Any]:
    if stack not in stack_names(project):
        known = ", ".join(stack_names(project))
        raise PreviewError(f"expected a stack among {known}; got {stack or 'none'}")
    try:
        content = yaml.safe_load((project / f"Pulumi.{stack}.yaml").read_text())
    except yaml.YAMLError as error:
        place = str(getattr(error, "problem_mark", "")).strip()
        raise PreviewError(
            f"expected YAML in Pulumi.{stack}.yaml, found an error {place}; correct it there"
        ) from error
    config = content.get("config") if isinstance(content, dict) else None
    if not isinstance(config, dict):
        raise PreviewError(f"Pulumi.{stack}.yaml must contain `config:` with settings")
    return config


def simulate_settings(config: Mapping[str, Any], secret: Path) -> dict[str, Any]:
    """Return the settings of the stack without credentials, and with simulated secrets."""
    result: dict[str, Any] = {
        key: simulate_secrets(value, secret) for key, value in config.items() if is_kept(key)
    }
    if isinstance(result.get(PUSH), dict):
        result[PUSH] = {"credentials": {"fromFile": str(secret)}, **result[PUSH]}
    return result


def is_kept(key: str) -> bool:
    return key in KEPT or not key.startswith(("aws:", "kubernetes:", "docker-build:"))


def simulate_secrets(value: Any, secret: Path) -> Any:
    """Replace secrets, which a preview can neither read nor use."""
    if isinstance(value, dict):
        if set(value) == {"secure"}:
            return {"fromFile": str(secret)}
        return {key: simulate_secrets(each, secret) for key, each in value.items()}
    if isinstance(value, list):
        return [simulate_secrets(each, secret) for each in value]
    return value


def variables(folder: Path) -> dict[str, str]:
    """Return the environment of the engine, without credentials."""
    harmless = {key: value for key, value in os.environ.items() if not key.startswith(ACCESS)}
    return {
        **harmless,
        **ENGINE,
        "PATH": search_path(),
        "PULUMI_HOME": str(folder / "home"),
        "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
    }


def search_path() -> str:
    """Prefer the Pulumi CLI that `make tools` built."""
    return f"{PROJECT}/.local/bin:{PROJECT}/.venv/bin:{os.environ.get('PATH', os.defpath)}"


def run_preview(program: Program, stack: str) -> str:
    """Run the preview and return the events of the engine, one JSON object a line."""
    config = read_stack_file(stack, program.folder)
    if missing := missing_tools():
        raise PreviewError(missing)
    with tempfile.TemporaryDirectory(prefix="herald-preview-") as name:
        folder = Path(name)
        secret = folder / "secret"
        secret.write_text(MADE_UP)
        settings = simulate_settings(config, secret)
        own = lay_out(folder, program, stack, settings)
        environment = variables(folder)
        pulumi(["stack", "init", stack], own, environment)
        write_foundation_state(folder / "state", settings)
        return run(stack, own, environment)


def missing_tools() -> str | None:
    """Return a sentence about a missing program or package, or None if a preview can run."""
    if shutil.which("pulumi", path=search_path()) is None:
        return "expected the Pulumi CLI on PATH; install it, or run `make tools` to build it"
    if not (PROJECT / "review" / "policies" / ".venv" / "ready").exists():
        return "the policy pack has no packages; run `make policies`"
    return None


def lay_out(folder: Path, program: Program, stack: str, config: Mapping[str, Any]) -> Path:
    """Copy the project with other settings, and return the folder of the program in it."""
    own = folder / program.folder.relative_to(PROJECT)
    own.mkdir(parents=True, exist_ok=True)
    (folder / "state").mkdir()
    write_language_host(folder / "home")
    write_stand_ins(folder / "home", PROVIDERS)
    (own / "Pulumi.yaml").write_text((program.folder / "Pulumi.yaml").read_text())
    (own / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump({"config": dict(config)}))
    for part in program.parts:
        (folder / part).symlink_to(PROJECT / part)
    return own


def run(stack: str, folder: Path, environment: Mapping[str, str]) -> str:
    options = ["--stack", stack, "--json", "--policy-pack", str(PROJECT / "review" / "policies")]
    done = pulumi(["preview", *options], folder, environment, may_fail=True)
    if done.returncode and not explains_failure(done.stdout):
        raise PreviewError(f"`pulumi preview` failed: {done.stderr.strip()}")
    if '"policyAnalyzeSummaryEvent"' not in done.stdout and not done.returncode:
        raise PreviewError("`pulumi preview` applied no policy; run `make policies` and try again")
    return done.stdout


def explains_failure(events: str) -> bool:
    """Return True if the events contain an error; the engine prints some errors elsewhere."""
    return '"severity":"error"' in events or '"enforcementLevel":"mandatory"' in events


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
