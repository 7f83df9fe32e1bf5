"""Runs a provider as the engine expects: the port on standard output, then requests."""

import os
from concurrent.futures import ThreadPoolExecutor
from typing import NoReturn

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from local.engine_watch import watch_engine
from local.providers.front import ProviderFront
from local.providers.plugin import Package

_MESSAGE_LIMIT = 400 * 1024 * 1024  # bytes, as the engine sends
_PARALLEL_CALLS = 32
_GRACE = 10.0  # seconds for calls in hand, so that what they make is not forgotten


def serve(package: Package) -> NoReturn:
    """Serve until the engine ends this process, or ends itself without a word."""
    server = grpc.server(
        ThreadPoolExecutor(_PARALLEL_CALLS),
        options=[("grpc.max_receive_message_length", _MESSAGE_LIMIT)],
    )
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(ProviderFront(package), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    until_the_engine_ends = watch_engine()
    print(port, flush=True)
    until_the_engine_ends()
    server.stop(_GRACE).wait()
    os._exit(0)  # the engine waits for the end, and tearing the interpreter down takes its time
