"""Renaming the project: `Pulumi.yaml` and keys of stack files, and nothing else."""

import json
import shutil
import subprocess
import sys

import pytest

from operations import rename
from operations.command_line import main
from stacks.config.project import ROOT, read_name
from tests.stacks.stack_files import STACKS

FOLDERS = (
    "infra",
    "local",
    "plugins",
    "review",
    "services",
    "stacks",
    "tests",
)
PLAN = """
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
print(json.dumps(sorted([one.type, one.name, one.urn] for one in made.resources)))
"""


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """The files of a checkout that have the project's name."""
    for name in ("Pulumi.yaml", *(f"Pulumi.{stack}.yaml" for stack in STACKS)):
        shutil.copy(ROOT / name, tmp_path)
    monkeypatch.setattr(rename.rename_project, "__defaults__", (tmp_path,))
    return tmp_path


def test_rename_changes_name_and_keys(checkout, capsys):
    assert main(["rename", "acme-reminders"]) == 0
    assert capsys.readouterr().out == (
        "Renamed the project to acme-reminders in Pulumi.yaml, Pulumi.dev.yaml, "
        "Pulumi.local.yaml, Pulumi.prod.yaml, Pulumi.staging.yaml.\n"
    )
    assert read_name(checkout / "Pulumi.yaml") == "acme-reminders"
    for stack in STACKS:
        before = (ROOT / f"Pulumi.{stack}.yaml").read_text()
        after = (checkout / f"Pulumi.{stack}.yaml").read_text()
        assert after == before.replace("  herald:", "  acme-reminders:").replace(
            "# herald:", "# acme-reminders:"
        )


def test_rename_can_be_undone(checkout):
    for name in ("acme", "herald"):
        assert main(["rename", name]) == 0
    for file in checkout.iterdir():
        assert file.read_text() == (ROOT / file.name).read_text()


@pytest.mark.parametrize("name", ["", "a", "Acme", "acme_1", "-acme", "acme-", "a" * 33])
def test_bad_name_changes_nothing(checkout, capsys, name):
    assert main(["rename", "--", name]) == 1
    assert capsys.readouterr().err == (
        "Herald: expected a name of 2 to 32 lower-case letters, digits and hyphens; "
        f"got {name!r}.\n"
    )
    assert read_name(checkout / "Pulumi.yaml") == "herald"


def test_same_name_is_refused(checkout, capsys):
    assert main(["rename", "herald"]) == 1
    assert capsys.readouterr().err == (
        "Herald: the project is named 'herald' already; nothing was changed.\n"
    )


def test_renamed_program_makes_the_same(checkout, platform):
    """The plan differs in the project's part of each URN, and in nothing else."""
    for folder in FOLDERS:
        (checkout / folder).symlink_to(ROOT / folder)
    (checkout / "stacks").unlink()
    shutil.copytree(ROOT / "stacks", checkout / "stacks")
    assert main(["rename", "acme"]) == 0
    run = subprocess.run([sys.executable, "-c", PLAN], cwd=checkout, capture_output=True, text=True)
    assert run.stderr == ""
    expected = sorted(
        [one.type, one.name, one.urn.replace("prod::herald::", "prod::acme::")]
        for one in platform("prod").resources
    )
    assert json.loads(run.stdout) == expected
