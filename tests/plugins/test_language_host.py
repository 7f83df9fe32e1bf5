"""The language host as the engine meets it: a process, its port on standard output, requests."""

import subprocess
import sys

import grpc
import pytest
from pulumi.runtime.proto import language_pb2, language_pb2_grpc

IMPORTED = """
import sys
from plugins.sdk_messages import close_messages, open_messages
open_messages()
import plugins.language_host.host
assert "pulumi.resource" not in sys.modules, "asked about itself, it must not import the SDK"
close_messages()
import pulumi
from pulumi.automation._server import language_pb2
assert language_pb2 is plugins.language_host.host.messages, "two copies of one message do not mix"
"""


@pytest.fixture
def host():
    command = [sys.executable, "-m", "plugins.language_host", "127.0.0.1:1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        port = process.stdout.readline().strip()
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield language_pb2_grpc.LanguageRuntimeStub(channel)
        process.terminate()


@pytest.mark.integration
def test_it_tells_which_python_runs_programs(host):
    about = host.About(language_pb2.AboutRequest())
    version = ".".join(map(str, sys.version_info[:3]))
    assert (about.executable, about.version) == (sys.executable, version)


@pytest.mark.integration
def test_host_requires_only_locked_packages(host):
    assert list(host.GetRequiredPackages(language_pb2.GetRequiredPackagesRequest()).packages) == []


@pytest.mark.integration
def test_host_passes_arguments_and_exit_code(host, tmp_path):
    (tmp_path / "__main__.py").write_text("import sys; print(sys.argv[1]); sys.exit(3)")
    request = language_pb2.RunPluginRequest(
        args=["port"], pwd=str(tmp_path), info={"program_directory": str(tmp_path)}
    )
    answers = list(host.RunPlugin(request))
    assert b"".join(answer.stdout for answer in answers) == b"port\n"
    assert answers[-1].exitcode == 3


@pytest.mark.integration
def test_sdk_is_imported_only_for_programs():
    subprocess.run([sys.executable, "-c", IMPORTED], check=True)


LEAN = """
import asyncio
from plugins.language_host.lean_sdk import make_lean
from pulumi.runtime import resource, stack

async def fail():
    raise ValueError

async def wait(*works):
    tasks = [asyncio.ensure_future(work) for work in works]
    done, late = await stack.asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    return len(done), len(late)

make_lean(debug=False)
assert not resource._get_stack_trace().frames
assert asyncio.run(wait(asyncio.sleep(0), asyncio.sleep(0.1))) == (2, 0), "not one after another"
assert asyncio.run(wait(fail(), asyncio.sleep(60))) == (1, 1), "a failure ends the wait"
"""


@pytest.mark.integration
def test_lean_sdk_waits_for_all_outputs():
    subprocess.run([sys.executable, "-c", LEAN], check=True)
