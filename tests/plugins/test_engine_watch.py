"""Plugins whose engine asks them to end, or was killed."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
PLUGINS = ("plugins.random", "plugins.language_host")


@pytest.fixture
def started():
    """Starts a shell and waits until the plugin that it starts prints its port."""
    shells = []

    def start(script):
        shell = subprocess.Popen(
            ["sh", "-c", script], cwd=PROJECT, stdout=subprocess.PIPE, text=True
        )
        shells.append(shell)
        plugin = Path("/proc", shell.stdout.readline().strip())
        shell.stdout.readline()
        return shell, plugin

    yield start
    for shell in shells:
        shell.kill()
        shell.wait()
        shell.stdout.close()


def ended(process):
    """Whether it is gone, or waits for its parent to notice, within ten seconds."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if "\nState:\tZ" in (process / "status").read_text():
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.05)
    return False


@pytest.mark.integration
@pytest.mark.parametrize("plugin", PLUGINS)
def test_plugin_ends_with_killed_engine(plugin, started):
    engine, process = started(f"{sys.executable} -m {plugin} 127.0.0.1:1 & echo $!; wait")
    engine.kill()
    assert ended(process)


@pytest.mark.integration
@pytest.mark.parametrize("plugin", PLUGINS)
def test_plugin_ends_though_shell_ignores_signals(plugin, started):
    deaf = f"trap '' INT; echo $$; exec {sys.executable} -m {plugin} 127.0.0.1:1"
    engine, process = started(deaf)
    engine.send_signal(signal.SIGINT)
    assert ended(process)
