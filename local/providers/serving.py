"""Runs a provider as the engine expects: the port on standard output, then requests."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import NoReturn

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from local.providers.front import ProviderFront
from local.providers.plugin import Package

_MESSAGE_LIMIT = 400 * 1024 * 1024  # bytes, as the engine sends
_PARALLEL_CALLS = 32
_PARENT_WATCH = 1.0  # seconds; an engine that was killed leaves its plugins behind
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
    engine = os.getppid()
    print(port, flush=True)
    with suppress(KeyboardInterrupt):
        while os.getppid() == engine:
            time.sleep(_PARENT_WATCH)
    server.stop(_GRACE).wait()
    os._exit(0)  # the engine waits for the end, and tearing the interpreter down takes its time
