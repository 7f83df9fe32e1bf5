"""Ctrl-C and kill -9 of `make up` while it provisions: nothing runs on, and it can be run again."""

import os
import signal
import subprocess
import time
from contextlib import contextmanager

from local.environment import PROJECT, Environment
from local.provisioning import STACK, Provisioning
from local.running_update import engines
from tests.system.test_the_environment_recovers import make_up

LOCKS = (
    Provisioning(Environment.from_variables()).states / "locks" / "organization" / "herald" / STACK
)
UP = [str(PROJECT / ".venv" / "bin" / "python"), "-m", "local", "up"]


def hear_interrupts():
    """As a terminal's child does, though a shell may have started us in the background."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def provisioning():
    """`make up` at the moment when the engine has locked the stack."""
    with subprocess.Popen(
        UP,
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,  # a group of its own, as a terminal would interrupt it
        preexec_fn=hear_interrupts,
    ) as running:
        deadline = time.monotonic() + 300
        while not list(engines(LOCKS)):
            assert time.monotonic() < deadline, "no engine has locked the stack"
            time.sleep(0.01)
        yield running


def test_ctrl_c_ends_engine_with_advice():
    with provisioning() as running:
        os.killpg(running.pid, signal.SIGINT)
        said, _ = running.communicate(timeout=300)
    assert running.returncode == 1, said
    assert "local: interrupted; `make up` continues from here" in said
    assert list(engines(LOCKS)) == []
    make_up()
    assert list(LOCKS.glob("*.json")) == []


def test_orphaned_engine_is_ended_by_next():
    with provisioning() as running:
        os.kill(running.pid, signal.SIGKILL)
        [engine] = engines(LOCKS)
        os.kill(engine, signal.SIGSTOP)  # it would end by itself before we looked
    os.kill(engine, signal.SIGCONT)
    make_up()
    assert list(LOCKS.glob("*.json")) == []


def test_concurrent_update_is_refused_by_name():
    with provisioning() as running:
        [engine] = engines(LOCKS)
        os.kill(engine, signal.SIGSTOP)
        refused = subprocess.run(UP, cwd=PROJECT, capture_output=True, text=True, check=False)
        os.kill(engine, signal.SIGCONT)
        running.communicate(timeout=300)
    assert f"is running (pid {engine}); wait until it ends" in refused.stderr
    assert refused.returncode == running.returncode + 1 == 1
