"""The program that takes the pictures of the README explains what it needs."""

import os
import subprocess
import sys

import pytest

from docs.generator.pictures import ADDRESSES
from stacks.config.project import ROOT

UNUSED = "http://127.0.0.1:9"  # the port "discard"


@pytest.mark.parametrize(
    ("addresses", "found"),
    [
        ({}, "INBOX_URL, DEVICES_URL, REMINDERS_URL are not set"),
        (dict.fromkeys(ADDRESSES, UNUSED), UNUSED),
    ],
    ids=["outside of the shell", "stopped platform"],
)
def test_missing_platform_is_one_sentence(addresses, found):
    variables = {name: value for name, value in os.environ.items() if name not in ADDRESSES}
    command = [sys.executable, "-m", "docs.generator.pictures"]
    done = subprocess.run(
        command, cwd=ROOT, env={**variables, **addresses}, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert done.stderr.startswith("pictures: expected ")
    assert found in done.stderr
    assert done.stderr.endswith("run `make up`, then this program in `make shell`\n")
