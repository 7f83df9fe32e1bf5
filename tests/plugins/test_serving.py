"""The plugins as the engine starts them: processes that print a port."""

import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from plugins.values import decode, encode

PROJECT = Path(__file__).parents[2]
PASSWORD = "urn:pulumi:local::herald::random:index/randomPassword:RandomPassword::p"


def started(name: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", f"plugins.{name}", "127.0.0.1:1"]
    return subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True)


@pytest.fixture(params=["aws", "docker_build", "kubernetes", "random"])
def plugin(request: pytest.FixtureRequest) -> "Iterator[tuple[str, grpc.Channel]]":
    process = started(request.param)
    assert process.stdout is not None
    with grpc.insecure_channel(f"127.0.0.1:{int(process.stdout.readline())}") as channel:
        yield request.param, channel
    process.terminate()
    process.communicate()


@pytest.mark.integration
def test_plugin_serves_on_the_printed_port(plugin: "tuple[str, grpc.Channel]") -> None:
    name, channel = plugin
    provider = provider_pb2_grpc.ResourceProviderStub(channel)
    assert provider.GetPluginInfo(Empty()).version == version(f"pulumi_{name}")
    hello = provider.Handshake(provider_pb2.ProviderHandshakeRequest(engine_address="127.0.0.1:1"))
    assert hello.accept_secrets
    assert provider.GetSchema(provider_pb2.GetSchemaRequest()).schema == "{}"


@pytest.mark.integration
def test_secrets_stay_secret_on_the_wire() -> None:
    process = started("random")
    assert process.stdout is not None
    with grpc.insecure_channel(f"127.0.0.1:{int(process.stdout.readline())}") as channel:
        provider = provider_pb2_grpc.ResourceProviderStub(channel)
        news = encode({"length": 12, "keepers": {"a": "b"}}, ["keepers"])
        checked = provider.Check(provider_pb2.CheckRequest(urn=PASSWORD, news=news))
        assert decode(checked.inputs)[1] == {"keepers"}
        made = provider.Create(provider_pb2.CreateRequest(urn=PASSWORD, properties=checked.inputs))
        assert decode(made.properties)[1] == {"keepers", "result"}
    process.terminate()
    process.communicate()
