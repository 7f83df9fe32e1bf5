"""Measures updates without changes, and the engine's own time for as many resources."""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from local.environment import PROJECT
from tests.bench.measures import Series, seconds_of

ROUNDS = 5
PROGRAM = Path(__file__).parent / "empty_program"
IMPORT = [
    sys.executable,
    "-c",
    "import stacks.outputs.exports, stacks.platform.reminder_platform, stacks.config.stack_file",
]
UP = ["pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--suppress-outputs"]


def count_resources(variables: Mapping[str, str]) -> int:
    command = ["pulumi", "stack", "export", "--stack", "local", "--cwd", str(PROJECT)]
    exported = subprocess.run(command, env=dict(variables), capture_output=True, check=True).stdout
    return len(json.loads(exported)["deployment"]["resources"])


def measure(variables: Mapping[str, str]) -> list[Series]:
    """Measure each command once per round, so that a busy machine slows all of them alike."""
    platform = [*UP, "--stack", "local", "--cwd", str(PROJECT)]
    seconds_of(platform, variables)  # apply pending changes first; they are not measured
    count = count_resources(variables)
    with tempfile.TemporaryDirectory() as folder:
        program = str(shutil.copytree(PROGRAM, Path(folder) / "program"))
        own = {**variables, "PULUMI_BACKEND_URL": f"file://{folder}"}
        many = {**own, "EMPTY_COMPONENTS": str(count - 1)}  # the stack itself is one more
        for stack, scope in (("none", {**own, "EMPTY_COMPONENTS": "0"}), ("many", many)):
            options = ["--stack", stack, "--cwd", program]
            seconds_of(["pulumi", "stack", "init", stack, "--cwd", program], scope)
            seconds_of([*UP, *options], scope)
        preview = ["pulumi", "preview", "--non-interactive", "--stack", "none"]
        commands = {
            "preview of an empty stack": (
                [*preview, "--cwd", program],
                {**many, "EMPTY_COMPONENTS": "0"},
            ),
            "import of the program, with Pulumi's SDK": (IMPORT, dict(variables)),
            "no-change up of empty components": (
                [*UP, "--stack", "many", "--cwd", program],
                many,
            ),
            "no-change up of the platform": (platform, dict(variables)),
            "no-change make up": (["make", "-C", str(PROJECT), "-s", "up"], dict(variables)),
        }
        times: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(ROUNDS):
            for name, (command, scope) in commands.items():
                times[name].append(seconds_of(command, scope))
    remark = f"{count} resources"
    return [Series(name, taken, remark if "up of" in name else "") for name, taken in times.items()]
