"""The local environment's AWS emulator, as a process of its own."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from local.environment import PROJECT


@contextmanager
def aws_emulator(
    *options: str, inbox: str = "http://127.0.0.1:1", **variables: str
) -> Iterator[str]:
    """Start the emulator on two addresses, yield the URL of the second, and stop it."""
    ports = free_ports(2)
    listen = [part for port in ports for part in ("--listen", f"127.0.0.1:{port}")]
    command = [sys.executable, "-m", "local.aws_server", *listen, "--inbox", inbox, *options]
    with subprocess.Popen(command, cwd=PROJECT, env={**os.environ, **variables}) as process:
        try:
            wait_for_ports(ports)
            yield f"http://127.0.0.1:{ports[1]}"
        finally:
            process.terminate()
    assert process.returncode == 0


def policy(service: str, action: str, resource: str, **condition: Any) -> str:
    """Return the policy of a resource that admits an AWS service, and nobody without TLS."""
    admit = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": action,
        "Resource": resource,
        "Condition": condition,
    }
    transport = {"Bool": {"aws:SecureTransport": "false"}}
    deny = {**admit, "Effect": "Deny", "Principal": "*", "Action": "*", "Condition": transport}
    return json.dumps({"Version": "2012-10-17", "Statement": [admit, deny]})


def admit_topics(queue_arn: str, *topic_arns: str) -> str:
    """Return the policy of a queue that admits messages of topics."""
    source = {"aws:SourceArn": topic_arns}
    return policy("sns.amazonaws.com", "sqs:SendMessage", queue_arn, ArnEquals=source)


def free_ports(number: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


def wait_for_ports(ports: list[int]) -> None:
    deadline = time.monotonic() + 60
    for port in ports:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert time.monotonic() < deadline, f"nothing listens on port {port}"
                time.sleep(0.05)
