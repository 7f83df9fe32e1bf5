"""The documents of an issuer, fetched over HTTP, also from one that answers strangely."""

import json
import socket
import threading
import time

import pytest
from service_runtime.issuer_keys import (
    LARGEST_DOCUMENT,
    KeysUnavailable,
    key_fetcher,
    keys_of,
)
from starlette.applications import Starlette
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.services.callers import public_jwk

DISCOVERY = "/.well-known/openid-configuration"


@pytest.fixture
def issuer(serve):
    """Serves what `pages` holds; `{issuer}` stands for its own address."""

    class Issuer:
        def __init__(self):
            self.pages = {
                f"/realm{DISCOVERY}": {
                    "issuer": "{issuer}/realm",
                    "jwks_uri": "{issuer}/keys",
                },
                "/keys": {"keys": [public_jwk("ES256", "a"), public_jwk("RS256", "b")]},
            }
            app = Starlette(routes=[Route("/{path:path}", self.answer)])
            self.url = str(serve(app).base_url).rstrip("/")

        def answer(self, request):
            page = self.pages.get(request.url.path, Response(status_code=404))
            if isinstance(page, Response):
                return page
            return JSONResponse(json.loads(json.dumps(page).replace("{issuer}", self.url)))

    return Issuer()


def reason(fetch):
    with pytest.raises(KeysUnavailable) as unavailable:
        fetch()
    return str(unavailable.value)


@pytest.mark.parametrize("ending", ["", "/"])
def test_issuers_document_locates_its_keys(issuer, ending):
    document = issuer.pages[f"/realm{DISCOVERY}"]
    document["issuer"] += ending
    keys = key_fetcher(f"{issuer.url}/realm{ending}")()
    assert {id: key.algorithm_name for id, key in keys.items()} == {"a": "ES256", "b": "RS256"}


def test_given_key_address_needs_no_document(issuer):
    keys = key_fetcher("https://login.example.com", f"{issuer.url}/keys")()
    assert set(keys) == {"a", "b"}


def test_document_of_another_issuer_is_refused(issuer):
    issuer.pages[f"/realm{DISCOVERY}"]["issuer"] = "https://login.example.com"
    assert "expected a document of" in reason(key_fetcher(f"{issuer.url}/realm"))


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "http://keys.example.com/", "ftp://127.0.0.1/", "", None, "/keys"]
)
def test_keys_require_https_or_private_address(issuer, url):
    issuer.pages[f"/realm{DISCOVERY}"]["jwks_uri"] = url
    assert "expected" in reason(key_fetcher(f"{issuer.url}/realm"))


def test_https_issuer_cannot_redirect_to_http(monkeypatch):
    document = {"issuer": "https://login.example.com", "jwks_uri": "http://10.0.0.1/keys"}
    monkeypatch.setattr("service_runtime.issuer_keys._document", lambda url: document)
    assert "expected keys at an https address" in reason(key_fetcher("https://login.example.com"))


ANSWERS = {
    "an error": (Response(status_code=500), "500"),
    "a redirect": (RedirectResponse("http://127.0.0.1/elsewhere"), "307"),
    "too much": (Response(b'"' + b"x" * LARGEST_DOCUMENT + b'"'), "more than"),
    "no JSON": (Response(b"<html>"), "Expecting value"),
    "no object": (Response(b"[]"), "expected a JSON object"),
    "a bottomless document": (Response(b"[" * 100_000), "nested too deeply"),
    "no keys": ({}, "got none"),
    "keys that are no list": ({"keys": {"a": 1}}, "got none"),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_a_strange_answer_gives_no_keys(issuer, case):
    page, expected = ANSWERS[case]
    issuer.pages["/keys"] = page
    assert expected in reason(key_fetcher(f"{issuer.url}/realm"))


def test_silent_issuer_gives_no_keys():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert "refused" in reason(key_fetcher(f"http://127.0.0.1:{port}"))


def test_an_issuer_that_trickles_is_left(monkeypatch):
    monkeypatch.setattr("service_runtime.issuer_keys.LONGEST_FETCH", 0.2)

    def trickle(listener):
        connection, _ = listener.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            for _ in range(1000):
                try:
                    connection.sendall(b" ")
                except OSError:
                    return
                time.sleep(0.01)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=trickle, args=[listener])
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        assert "to answer" in reason(key_fetcher(url))
        thread.join(60)


@pytest.mark.parametrize(
    "jwk",
    [
        None,
        "text",
        {},
        {"kid": 7, "kty": "RSA"},
        {"kid": "x", "kty": "oct", "k": "c2VjcmV0"},
        {"kid": "x", "kty": "oct", "k": "c2VjcmV0", "alg": "RS256"},
        {"kid": "x", "kty": "RSA", "n": "AQAB", "e": "AQAB"},
        public_jwk("ES256", "x", use="enc"),
        public_jwk("ES256", "x", key_ops=["sign"]),
        public_jwk("ES256", "x", alg="HS256"),
        public_jwk("RS256", "x", alg="RS512"),
        public_jwk("ES256", "x", alg="RS256"),
        {**public_jwk("ES256", "x"), "crv": "P-384"},
        {**public_jwk("ES256", "x"), "x": "AAAA"},
    ],
)
def test_unusable_keys_are_left_out(jwk):
    assert set(keys_of({"keys": [jwk, public_jwk("EdDSA", "good")]})) == {"good"}


def test_short_rsa_key_is_left_out():
    from cryptography.hazmat.primitives.asymmetric import rsa
    from jwt.algorithms import RSAAlgorithm

    short = rsa.generate_private_key(public_exponent=65537, key_size=1024).public_key()
    jwk = {**json.loads(RSAAlgorithm.to_jwk(short)), "kid": "short"}
    with pytest.raises(ValueError, match="got none"):
        keys_of({"keys": [jwk]})


SHORT = {"kty": "RSA", "n": "sXchZcQ", "e": "AQAB"}
STRANGE = {
    "for encryption": {**SHORT, "kid": "x", "use": "enc", "alg": "RSA-OAEP"},
    "without an id": {**SHORT, "use": "sig", "alg": "RS256"},
    "of another curve": {"kid": "x", "kty": "EC", "crv": "P-384", "x": "sXchZcQ", "y": "sXchZcQ"},
    "of an odd curve": {
        "kid": "x",
        "kty": "EC",
        "crv": "secp256k1",
        "x": "sXchZcQ",
        "y": "sXchZcQ",
    },
    "with null for its operations": {**SHORT, "kid": "x", "key_ops": None},
    "with a number for its operations": {**SHORT, "kid": "x", "key_ops": 7},
    "with a list for its use": {**SHORT, "kid": "x", "use": ["sig"]},
    "of Entra, too short": {**SHORT, "kid": "x", "use": "sig", "x5t": "x", "x5c": ["MII"]},
    "of an unknown type": {"kid": "x", "kty": "AKP", "alg": "ML-DSA-44", "pub": "sXchZcQ"},
    "with numbers for text": {"kid": "x", "kty": 1, "alg": 2, "n": 3, "e": 4},
    "that is no object": 7,
}


@pytest.mark.parametrize("jwk", STRANGE.values(), ids=STRANGE)
def test_strange_key_costs_itself_alone(jwk):
    good = public_jwk("RS256", "good")
    assert set(keys_of({"keys": [jwk, good]})) == {"good"}


@pytest.mark.parametrize("name", ["use", "key_ops", "alg", "x5c", "x5t"])
def test_null_in_a_key_means_absent(name):
    assert keys_of({"keys": [public_jwk("RS256", "good", **{name: None})]})["good"].key_id == "good"


def test_key_without_algorithm_verifies_its_type():
    jwk = public_jwk("RS256", "good", x5c=["MII"], issuer="https://login.example/{tenantid}/v2.0")
    jwk.pop("alg", None)
    assert keys_of({"keys": [jwk]})["good"].algorithm_name == "RS256"


def test_document_of_tenants_names_the_setting(issuer):
    issuer.pages[f"/realm{DISCOVERY}"]["issuer"] = "https://login.example.com/{tenantid}/v2.0"
    refused = reason(key_fetcher(f"{issuer.url}/realm"))
    assert "got one of 'https://login.example.com/{tenantid}/v2.0'" in refused
    assert "set IDENTITY_ISSUER to the claim iss of the tokens" in refused


def test_any_failure_leaves_the_keys_unavailable(monkeypatch):
    def fail(url):
        raise MemoryError

    monkeypatch.setattr("service_runtime.issuer_keys._document", fail)
    assert reason(key_fetcher("https://login.example.com")).startswith("https://login.example.com")
