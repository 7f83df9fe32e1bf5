"""Fetches the public keys of an OpenID Connect issuer."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from jwt import PyJWK

from service_runtime.issuer_address import check_address

ALGORITHMS = ("RS256", "ES256", "EdDSA")
LARGEST_DOCUMENT = 256 * 1024  # bytes
TIMEOUT = 3.0  # seconds for each step of a fetch
LONGEST_FETCH = 6.0  # seconds for one document


class KeysUnavailable(Exception):
    """Reports that the keys of the issuer cannot be fetched now."""


def key_fetcher(issuer: str, jwks_url: str | None = None) -> Callable[[], dict[str, PyJWK]]:
    """Return a function that fetches the keys by id, from `jwks_url` or as discovered."""

    def fetch() -> dict[str, PyJWK]:
        try:
            return keys_of(_document(jwks_url or _discover(issuer)))
        except Exception as error:  # of the network or the issuer
            raise KeysUnavailable(f"{issuer}: {error}") from error

    return fetch


def keys_of(document: Mapping[str, Any]) -> dict[str, PyJWK]:
    """Return the keys that verify signatures by one of `ALGORITHMS`; raise ValueError if none."""
    listed = document.get("keys")
    keys: dict[str, PyJWK] = {}
    for jwk in listed if isinstance(listed, list) else []:
        key = _key(jwk)
        if key is not None and key.key_id:
            keys.setdefault(key.key_id, key)
    if not keys:
        raise ValueError(f"expected keys with ids for {', '.join(ALGORITHMS)}; got none")
    return keys


def _key(jwk: Any) -> PyJWK | None:
    """Return a usable key, or None, so that an unknown kind of key does not fail the others."""
    if not isinstance(jwk, dict) or not isinstance(jwk.get("kid"), str):
        return None
    jwk = {name: value for name, value in jwk.items() if value is not None}  # null means absent
    try:
        if jwk.get("use", "sig") != "sig" or "verify" not in jwk.get("key_ops", ["verify"]):
            return None
        key = PyJWK(jwk)
    except Exception:  # PyJWT raises many kinds
        return None
    too_short = key.algorithm_name in ALGORITHMS and key.Algorithm.check_key_length(key.key)
    return key if key.algorithm_name in ALGORITHMS and not too_short else None


def _discover(issuer: str) -> str:
    document = _document(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    if document.get("issuer") != issuer:
        raise ValueError(
            f"expected a document of {issuer}; got one of {document.get('issuer')!r}; "
            "set IDENTITY_ISSUER to the claim iss of the tokens, or set IDENTITY_JWKS_URL"
        )
    url = str(document.get("jwks_uri", ""))
    if urlsplit(url).scheme != "https" and not issuer.startswith("http:"):
        raise ValueError(f"expected keys at an https address; got {url!r}")
    return check_address(url)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **options: Any) -> None:
        return None  # makes the redirect an error


_opener = urllib.request.build_opener(_NoRedirects)


def _document(url: str) -> Mapping[str, Any]:
    request = urllib.request.Request(url, headers={"Accept": "application/json"})
    try:
        with _opener.open(request, timeout=TIMEOUT) as answer:
            document = json.loads(_read(answer, url))
    except urllib.error.HTTPError as answer:
        answer.close()
        raise ValueError(f"{url} answered with status {answer.code}") from None
    except RecursionError:
        raise ValueError(f"{url} answered with JSON that is nested too deeply") from None
    if not isinstance(document, dict):
        raise ValueError(f"expected a JSON object from {url}; got another value")
    return document


def _read(answer: Any, url: str) -> bytes:
    end, content = time.monotonic() + LONGEST_FETCH, bytearray()
    while part := answer.read1(64 * 1024):
        content += part
        if len(content) > LARGEST_DOCUMENT:
            raise ValueError(f"{url} answered with more than {LARGEST_DOCUMENT} bytes")
        if time.monotonic() > end:
            raise ValueError(f"{url} took more than {LONGEST_FETCH:.0f} s to answer")
    return bytes(content)
