"""A copy of the stack program and its services, to be changed and run for the stack `prod`."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from stacks.config.project import ROOT

LINKED = ("infra", "local", "plugins", "review", "tests")
COPIED = ("Pulumi.yaml", "Pulumi.prod.yaml", "pyproject.toml")
RUN = """
import json
from review.simulation import trial
from stacks.outputs.exports import export
from stacks.platform.reminder_platform import reminder_platform
from tests.stacks.stack_files import config_of, foundation_of

made = trial.run(
    lambda: export(reminder_platform(config_of("prod"))),
    stack="prod",
    lookups=foundation_of("prod"),
)
print(json.dumps([[one.type, one.name] for one in made.resources]))
print(json.dumps(sorted(made.exports)))
"""


def copy_program(folder: Path, *left_out: str) -> None:
    """Copy what the program consists of, without the files and folders of these names."""
    for name in LINKED:
        (folder / name).symlink_to(ROOT / name)
    for name in ("stacks", "services"):
        ignored = shutil.ignore_patterns(*left_out, "__pycache__")
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    for name in COPIED:
        shutil.copy(ROOT / name, folder)


def run_program(folder: Path) -> tuple[list[list[str]], list[str]]:
    """Run the copy on mocks; return type and name of each resource, and the names of outputs."""
    run = subprocess.run([sys.executable, "-c", RUN], cwd=folder, capture_output=True, text=True)
    assert run.stderr == ""
    resources, outputs = map(json.loads, run.stdout.splitlines())
    return resources, outputs
