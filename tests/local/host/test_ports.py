import os
import socket
import subprocess
import sys

import pytest

from local.environment import Environment
from local.errors import LocalError
from local.host import ports


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.integration
def test_holder_is_named(listener):
    assert f"(pid {os.getpid()})" in ports.holder(listener)


def test_free_port_has_no_holder(listener):
    assert ports.is_used(listener)
    with socket.create_server(("127.0.0.1", 0)) as server:
        free = server.getsockname()[1]
    assert not ports.is_used(free)
    assert ports.holder(free) == "an unknown process"


def test_taken_port_stops_the_start(tmp_path, listener):
    environment = Environment(tmp_path)
    environment.__dict__["ports"] = {"AWS_PORT": listener}
    with pytest.raises(LocalError) as caught:
        ports.check(environment)
    assert str(caught.value) == (
        "the local environment needs ports that other programs use; end these programs, or change"
        " the ports in local/ports.env and Pulumi.local.yaml:"
        f"\n  {listener}: {ports.holder(listener)}"
    )


@pytest.mark.integration
def test_holder_names_another_checkout(tmp_path):
    script = (
        "import socket; s = socket.create_server(('127.0.0.1', 0));"
        "print(s.getsockname()[1], flush=True); s.accept()"
    )
    marked = os.environ | {"HERALD_STATE": str(tmp_path)}
    process = subprocess.Popen([sys.executable, "-c", script], env=marked, stdout=subprocess.PIPE)
    with process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        shown = ports.holder(port)
        process.kill()
    assert shown == f"the local environment in {tmp_path}; run `make down` there"
