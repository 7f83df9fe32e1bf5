import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from pulumi.runtime.proto import provider_pb2

from plugins.aws.package import AwsPackage
from plugins.docker_build.package import DockerBuildPackage
from plugins.kubernetes.package import KubernetesPackage
from plugins.plugin import Package
from plugins.random.package import RandomPackage
from plugins.servicer import ProviderServicer
from plugins.values import decode, encode

REGION = "eu-central-1"
PROJECT = Path(__file__).parents[2]


class Refused(Exception):
    """What the engine would show when a provider ends a request with an error."""


class Context:
    """A gRPC context that raises instead of ending a connection."""

    def set_trailing_metadata(self, metadata: tuple[tuple[str, bytes], ...]) -> None:
        pass

    def abort(self, code: Any, details: str) -> None:
        raise Refused(details)


@dataclass
class Made:
    """A resource as the engine keeps it in a stack's state."""

    token: str
    name: str
    id: str
    inputs: dict[str, Any]
    state: dict[str, Any]
    secrets: frozenset[str] = frozenset()


@dataclass
class Engine:
    """Does with a provider what the engine does in `up`, `refresh` and `destroy`."""

    package: Package
    servicer: ProviderServicer = field(init=False)

    def __post_init__(self) -> None:
        self.servicer = ProviderServicer(self.package)

    def configure(self, **settings: Any) -> None:
        request = provider_pb2.ConfigureRequest(args=encode(settings), acceptSecrets=True)
        self.servicer.Configure(request, Context())

    def check(
        self, token: str, name: str, inputs: dict[str, Any], olds: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, str]]:
        request = provider_pb2.CheckRequest(
            urn=urn(token, name),
            olds=encode(olds or {}),
            news=encode(inputs),
            randomSeed=os.urandom(8),
        )
        reply = self.servicer.Check(request, Context())
        return decode(reply.inputs)[0], {each.property: each.reason for each in reply.failures}

    def checked(self, token: str, name: str, inputs: dict[str, Any], olds: Any = None) -> Any:
        news, failures = self.check(token, name, inputs, olds)
        assert failures == {}
        return news

    def preview(self, token: str, name: str, inputs: dict[str, Any]) -> dict[str, Any]:
        properties = encode(self.checked(token, name, inputs))
        request = provider_pb2.CreateRequest(
            urn=urn(token, name), properties=properties, preview=True
        )
        return decode(self.servicer.Create(request, Context()).properties)[0]

    def create(self, token: str, name: str, /, **inputs: Any) -> Made:
        news = self.checked(token, name, inputs)
        request = provider_pb2.CreateRequest(urn=urn(token, name), properties=encode(news))
        reply = self.servicer.Create(request, Context())
        return Made(token, name, reply.id, news, *decode(reply.properties))

    def diff(self, made: Made, /, **inputs: Any) -> Any:
        news = self.checked(made.token, made.name, inputs, made.inputs)
        request = provider_pb2.DiffRequest(
            id=made.id,
            urn=urn(made.token, made.name),
            olds=encode(made.state),
            news=encode(news),
            old_inputs=encode(made.inputs),
        )
        return self.servicer.Diff(request, Context())

    def update(self, made: Made, /, **inputs: Any) -> Made:
        news = self.checked(made.token, made.name, inputs, made.inputs)
        request = provider_pb2.UpdateRequest(
            id=made.id, urn=urn(made.token, made.name), olds=encode(made.state), news=encode(news)
        )
        reply = self.servicer.Update(request, Context())
        return Made(made.token, made.name, made.id, news, *decode(reply.properties))

    def refresh(self, made: Made) -> Made | None:
        request = provider_pb2.ReadRequest(
            id=made.id,
            urn=urn(made.token, made.name),
            inputs=encode(made.inputs),
            properties=encode(made.state),
        )
        return self._read(made, request)

    def import_by_id(self, token: str, name: str, resource_id: str) -> Made | None:
        request = provider_pb2.ReadRequest(id=resource_id, urn=urn(token, name))
        return self._read(Made(token, name, resource_id, {}, {}), request)

    def delete(self, made: Made) -> None:
        request = provider_pb2.DeleteRequest(
            id=made.id, urn=urn(made.token, made.name), properties=encode(made.state)
        )
        self.servicer.Delete(request, Context())

    def invoke(self, token: str, **arguments: Any) -> dict[str, Any]:
        request = provider_pb2.InvokeRequest(tok=token, args=encode(arguments))
        return decode(getattr(self.servicer.Invoke(request, Context()), "return"))[0]

    def call(self, service: str, operation: str, **given: Any) -> Any:
        """A call by the account of the AWS provider itself."""
        account = self.package.resource("aws:sns/topic:Topic", {}).account
        return account.call(service, operation, **given)

    def _read(self, made: Made, request: Any) -> Made | None:
        reply = self.servicer.Read(request, Context())
        if not reply.id:
            return None
        inputs = decode(reply.inputs)[0]
        return Made(made.token, made.name, reply.id, inputs, *decode(reply.properties))


def urn(token: str, name: str) -> str:
    return f"urn:pulumi:local::herald::herald:infra:Part${token}::{name}"


@pytest.fixture
def offline() -> Engine:
    """The AWS provider with nothing behind it: what it does must need no call."""
    engine = Engine(AwsPackage())
    engine.configure(
        region=REGION,
        accessKey="local",
        secretKey="local",
        endpoints='[{"sns": "http://127.0.0.1:1"}]',
    )
    return engine


@pytest.fixture
def random() -> Engine:
    return Engine(RandomPackage())


@pytest.fixture
def kubernetes() -> Engine:
    return Engine(KubernetesPackage())


@pytest.fixture
def docker_build() -> Engine:
    return Engine(DockerBuildPackage())


@pytest.fixture(scope="session")
def aws_url() -> Iterator[str]:
    """The local environment's AWS emulator, on a port of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "local.aws_server", "--listen", f"127.0.0.1:{port}"]
    command += ["--inbox", "http://127.0.0.1:1"]
    server = subprocess.Popen(command, cwd=PROJECT, env={**os.environ, "PYTHONPATH": str(PROJECT)})
    try:
        await_port(server, port)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def await_port(server: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.1)
    pytest.fail("the AWS emulator did not start")


@pytest.fixture(scope="session")
def aws(aws_url: str) -> Engine:
    services = "cloudwatch dynamodb ec2 ecr iam kms lambda logs rds scheduler ses sns sqs sts"
    names = [{name: aws_url} for name in services.split()]
    engine = Engine(AwsPackage())
    engine.configure(
        region=REGION,
        accessKey="local",
        secretKey="local",
        endpoints=names,
        skipCredentialsValidation="true",
    )
    return engine


@pytest.fixture(scope="session")
def client(aws_url: str) -> Callable[[str], Any]:
    """Another user of the same account, who changes things behind the stack's back."""

    def made(service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=aws_url,
            region_name=REGION,
            aws_access_key_id="local",
            aws_secret_access_key="local",
        )

    return made
