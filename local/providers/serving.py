"""Runs a provider as the engine expects: the port on standard output, then requests."""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from local.providers.front import ProviderFront
from local.providers.plugin import Package

_MESSAGE_LIMIT = 400 * 1024 * 1024  # bytes, as the engine sends
_PARALLEL_CALLS = 32


def serve(package: Package) -> int:
    """Serve until the engine cancels or the process is interrupted."""
    stopped = threading.Event()
    server = grpc.server(
        ThreadPoolExecutor(_PARALLEL_CALLS),
        options=[("grpc.max_receive_message_length", _MESSAGE_LIMIT)],
    )
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(
        ProviderFront(package, stopped.set), server
    )
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    try:
        stopped.wait()
    except KeyboardInterrupt:
        print(f"{package.name}: interrupted", file=sys.stderr)
    server.stop(grace=None)
    return 0
