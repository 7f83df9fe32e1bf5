"""Runs the `__main__.py` of a program for Pulumi's engine.

It replaces the official `pulumi-language-python`, which no package registry ships. The engine
starts it twice per update, the first time only for information. So it imports Pulumi's SDK only to
run a program.
"""

import gc
import os
import runpy
import subprocess
import sys
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import language_pb2 as messages
from pulumi.runtime.proto import language_pb2_grpc, plugin_pb2

from plugins.engine_watch import watch_engine
from plugins.sdk_messages import close_messages

MESSAGE_LIMIT = 400 * 1024 * 1024  # bytes; the limit of the engine


def project_python(folder: str) -> str:
    """Return the Python of the program's virtual environment, or our own if it has none."""
    own = Path(folder) / ".venv" / "bin" / "python"
    return str(own) if own.exists() else sys.executable


def run_program(request: Any, context: Any, *, debug: bool) -> Any:
    """Import the SDK and run the program's `__main__.py` in this process."""
    close_messages()
    gc.disable()  # a program keeps most of its objects, and ends within seconds
    from pulumi.automation._server import LanguageServer

    from plugins.language_host.lean_sdk import make_lean

    make_lean(debug=debug)
    entry = Path(request.info.program_directory or request.pwd) / (request.info.entry_point or ".")

    def program() -> None:
        runpy.run_path(str(entry / "__main__.py"), run_name="__main__")

    os.chdir(request.info.program_directory or request.pwd)
    sys.path.insert(0, str(entry))
    answer = LanguageServer(program).Run(request, context)  # type: ignore[no-untyped-call]
    # The engine has received the error already, and would show it again.
    return messages.RunResponse(bail=True) if answer.error else answer


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """Serves the engine; `debug` also sends debug messages: five requests per resource."""

    def __init__(self, engine: str, *, debug: bool = False) -> None:
        self.engine = engine
        self.debug = debug

    def Handshake(self, request: Any, context: Any) -> Any:
        self.engine = request.engine_address
        return messages.LanguageHandshakeResponse()

    def About(self, request: Any, context: Any) -> Any:
        return messages.AboutResponse(
            executable=sys.executable, version=".".join(map(str, sys.version_info[:3]))
        )

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo()

    def GetRequiredPackages(self, request: Any, context: Any) -> Any:
        return messages.GetRequiredPackagesResponse()

    def Cancel(self, request: Any, context: Any) -> Any:
        return Empty()

    def Run(self, request: Any, context: Any) -> Any:
        request.args.insert(0, self.engine)
        return run_program(request, context, debug=self.debug)

    def RunPlugin(self, request: Any, context: Any) -> Iterator[Any]:
        """Run a policy pack or a Python provider with its own packages."""
        folder = request.info.program_directory
        entry = str(Path(folder) / (request.info.entry_point or "."))
        process = subprocess.Popen(
            [project_python(folder), "-u", entry, *request.args],
            cwd=request.pwd or None,
            env={**os.environ, **dict(pair.split("=", 1) for pair in request.env)},
            stdout=subprocess.PIPE,
        )
        context.add_callback(process.terminate)
        assert process.stdout is not None
        for line in process.stdout:
            yield messages.RunPluginResponse(stdout=line)
        yield messages.RunPluginResponse(exitcode=process.wait())

    def GetProgramDependencies(self, request: Any, context: Any) -> Any:
        return messages.GetProgramDependenciesResponse()

    def RuntimeOptionsPrompts(self, request: Any, context: Any) -> Any:
        return messages.RuntimeOptionsResponse()


def serve(arguments: list[str]) -> None:
    """Serve until the engine ends; `arguments` are its address and the flag `-v=9`."""
    engine = next((argument for argument in arguments if not argument.startswith("-")), "")
    debug = any(argument.startswith("-v=") for argument in arguments)
    host = LanguageHost(engine, debug=debug)
    limits = [("grpc.max_receive_message_length", MESSAGE_LIMIT)]
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=8), options=limits)
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    wait_for_end = watch_engine()
    print(port, flush=True)
    wait_for_end()
    os._exit(0)  # a normal exit takes half a second, for which the engine waits
