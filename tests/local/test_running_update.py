"""A lock is of an engine that runs, of one that `make up` left behind, or of none at all."""

import json
import os
import subprocess
import sys

import pytest

from local.errors import LocalError
from local.host.processes import runs
from local.running_update import STARTER, end_abandoned, engines

WAIT = "import time; print(flush=True); time.sleep(600)"


@pytest.fixture
def lock(tmp_path):
    """Starts a process that is called pulumi and has locked the stack; `by` started it."""
    running = []

    def start(by=None, called="pulumi"):
        own = {name: value for name, value in os.environ.items() if name != STARTER}
        variables = own if by is None else {**own, STARTER: str(by)}
        command = [sys.executable, "-c", WAIT, called]
        process = subprocess.Popen(command, env=variables, stdout=subprocess.PIPE)
        running.append(process)
        assert process.stdout.readline()  # it runs, so that /proc shows its command
        (tmp_path / f"{process.pid}.json").write_text(json.dumps({"pid": process.pid}))
        return process

    yield start
    for process in running:
        process.kill()
        process.communicate()


def ended_process():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.mark.integration
def test_engine_of_killed_starter_is_ended(lock, tmp_path):
    engine = lock(by=ended_process())
    end_abandoned(tmp_path)
    assert not runs(engine.pid)


@pytest.mark.integration
@pytest.mark.parametrize("by", [None, 1])
def test_update_of_another_user_is_untouched(lock, tmp_path, by):
    engine = lock(by=by)
    with pytest.raises(LocalError, match=f"is running \\(pid {engine.pid}\\)"):
        end_abandoned(tmp_path)
    assert runs(engine.pid)


def test_stale_locks_and_pids_are_ignored(lock, tmp_path):
    lock(called="something else")
    (tmp_path / "ended.json").write_text(json.dumps({"pid": ended_process()}))
    assert list(engines(tmp_path)) == []
    end_abandoned(tmp_path)
