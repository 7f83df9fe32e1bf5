"""What a preview is asked for is looked at before an environment is started for it."""

import subprocess
import sys

import pytest

from local.environment import PROJECT


def preview(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "preview", "--check", *arguments]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("program", ["platform", "foundation"])
def test_what_can_be_previewed_passes_in_silence(program):
    done = preview("--stack", "prod", "--program", program)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--stack", ""], "STACK is no stack; expected one of dev, local, prod, staging."),
        (["--stack", "none"], "none is no stack; expected one of dev, local, prod, staging."),
        (
            ["--stack", "local", "--program", "foundation"],
            "local is no stack; expected one of dev, prod, staging.",
        ),
        (
            ["--stack", "prod", "--before", "/nowhere/prod.json"],
            "/nowhere/prod.json could not be read: No such file or directory.",
        ),
    ],
)
def test_what_cannot_is_told_in_one_sentence(arguments, told):
    done = preview(*arguments)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"preview: {told}\n")


def test_make_looks_at_it_before_it_starts_anything():
    command = ["make", "--dry-run", "preview", "STACK=prod", "BEFORE=old.json"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    steps = ('--before "old.json" --check', "-m local up", "--output .local/previews")
    places = [done.stdout.index(step) for step in steps]
    assert places == sorted(places)
