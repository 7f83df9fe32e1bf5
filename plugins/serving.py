"""Runs a provider for the engine: prints the port, then serves requests."""

import os
from concurrent.futures import ThreadPoolExecutor
from typing import NoReturn

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from plugins.engine_watch import watch_engine
from plugins.plugin import Package
from plugins.servicer import ProviderServicer

_MESSAGE_LIMIT = 400 * 1024 * 1024  # bytes, the limit of the engine
_PARALLEL_CALLS = 32
_GRACE = 10.0  # seconds for running calls, so that no created resource is lost


def serve(package: Package) -> NoReturn:
    """Serve until the engine interrupts this process or ends."""
    server = grpc.server(
        ThreadPoolExecutor(_PARALLEL_CALLS),
        options=[("grpc.max_receive_message_length", _MESSAGE_LIMIT)],
    )
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(ProviderServicer(package), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    wait_for_end = watch_engine()
    print(port, flush=True)
    wait_for_end()
    server.stop(_GRACE).wait()
    os._exit(0)  # a normal exit is slow, and the engine waits for it
