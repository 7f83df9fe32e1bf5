"""Pulumi's language host for Python: runs a program's `__main__.py` for the engine.

Stands in for the official `pulumi-language-python`, which no registry ships.  It runs the program
in this very process, so that Pulumi's SDK is imported once.  It prints its port and serves until
the engine ends it.
"""

import os
import runpy
import subprocess
import sys
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
from pulumi.automation._server import LanguageServer
from pulumi.runtime.proto import language_pb2 as messages
from pulumi.runtime.proto import language_pb2_grpc

MESSAGE_LIMIT = 400 * 1024 * 1024  # bytes; what the engine itself allows


def project_python(folder: str) -> str:
    """The Python of the virtual environment of a program or policy pack, else our own."""
    own = Path(folder) / ".venv" / "bin" / "python"
    return str(own) if own.exists() else sys.executable


class LanguageHost(LanguageServer):
    def __init__(self, engine: str) -> None:
        super().__init__(lambda: None)
        self.engine = engine

    def Handshake(self, request: Any, context: Any) -> Any:
        self.engine = request.engine_address
        return messages.LanguageHandshakeResponse()

    def Run(self, request: Any, context: Any) -> Any:
        folder = request.info.program_directory or request.pwd
        entry = Path(folder) / (request.info.entry_point or ".")
        os.chdir(folder)
        sys.path.insert(0, str(entry))

        def program() -> None:
            runpy.run_path(str(entry / "__main__.py"), run_name="__main__")

        self.program = program
        request.args.insert(0, self.engine)
        return super().Run(request, context)  # type: ignore[no-untyped-call]

    def RunPlugin(self, request: Any, context: Any) -> Iterator[Any]:
        """Run a policy pack or a provider that is written in Python, with its own packages."""
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


def serve(engine: str) -> None:
    limits = [("grpc.max_receive_message_length", MESSAGE_LIMIT)]
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=8), options=limits)
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(LanguageHost(engine), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    try:
        server.wait_for_termination()
    except KeyboardInterrupt:
        server.stop(0)


if __name__ == "__main__":
    serve(next((argument for argument in sys.argv[1:] if not argument.startswith("-")), ""))
