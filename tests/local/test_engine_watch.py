"""Plugins of an engine that was killed."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]


@pytest.mark.parametrize("plugin", ["local.providers.random", "local.language_host"])
def test_a_plugin_ends_when_its_engine_was_killed(plugin):
    engine = subprocess.Popen(
        ["sh", "-c", f"{sys.executable} -m {plugin} 127.0.0.1:1 & echo $!; wait"],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        text=True,
    )
    process = Path("/proc", engine.stdout.readline().strip())
    engine.stdout.readline()  # the port: the plugin serves
    engine.kill()
    deadline = time.monotonic() + 10
    while process.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not process.exists()
    engine.communicate()
