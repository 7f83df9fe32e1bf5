"""A token of the local issuer opens a service that knows only the issuer's address."""

import stat
import subprocess
import sys
import threading
import time

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from service_runtime.identity import Caller
from service_runtime.problems import Problem
from service_runtime.process import HttpServer
from service_runtime.tokens import token_identity
from starlette.datastructures import Headers

from local.environment import PROJECT, Environment
from local.identities import make_issuer_key, pem
from local.inbox.app import inbox_app
from local.inbox.google_access import GoogleAccess
from local.inbox.messages import Messages
from local.token_issuer import AUDIENCE, TokenIssuer, UnusableKey


@pytest.fixture
def environment(tmp_path):
    environment = Environment(tmp_path)
    make_issuer_key(environment)
    return environment


@pytest.fixture
def issuer(environment):
    """Served by an inbox, whose port is known once it listens."""
    issuer = TokenIssuer.read(environment.issuer, environment.secret("issuer-key.pem"))
    server = HttpServer(inbox_app(Messages(), GoogleAccess(), issuer), 0, host="127.0.0.1")
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the inbox ended at its start"
        time.sleep(0.005)
    issuer.url = f"http://127.0.0.1:{server.port}/identity"
    yield issuer
    server.stop()
    thread.join()


@pytest.fixture
def identity(issuer):
    return token_identity(issuer.url, AUDIENCE)


def caller(identity, token):
    return identity.caller_of(Headers({"authorization": f"Bearer {token}"}))


def test_its_tokens_name_the_user(identity, issuer):
    ada = caller(identity, issuer.token("ada", "ada@example.com"))
    assert ada == Caller(user_id="ada", email="ada@example.com")
    assert caller(identity, issuer.token("ada")) == Caller(user_id="ada")


def test_key_of_another_machine_is_rejected(identity, issuer, tmp_path):
    other = Environment(tmp_path / "other")
    make_issuer_key(other)
    foreign = TokenIssuer.read(issuer.url, other.secret("issuer-key.pem"))
    with pytest.raises(Problem, match="not signed with a key of the issuer"):
        caller(identity, foreign.token("ada"))


def test_key_is_private_and_created_once(environment):
    key = environment.secret("issuer-key.pem")
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    ids = {TokenIssuer.read("http://127.0.0.1", key).keys()["keys"][0]["kid"] for _ in range(2)}
    assert len(ids) == 1
    assert "d" not in TokenIssuer.read("http://127.0.0.1", key).keys()["keys"][0]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "run `make up` to create it"),
        (b"no key", "does not contain a PEM private key"),
        (pem(rsa.generate_private_key(public_exponent=65537, key_size=2048)), "elliptic-curve key"),
    ],
)
def test_unusable_key_is_named(tmp_path, content, reason):
    path = tmp_path / "key.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UnusableKey, match=reason):
        TokenIssuer.read("http://127.0.0.1", path)


@pytest.mark.integration
@pytest.mark.parametrize("arguments", [[], ["--user", ""]])
def test_a_token_needs_a_user(arguments):
    command = [sys.executable, "-m", "local", "token", *arguments]
    run = subprocess.run(command, capture_output=True, text=True, cwd=PROJECT)
    assert (run.returncode, run.stdout) == (2, "")
    assert "user" in run.stderr.splitlines()[-1]
