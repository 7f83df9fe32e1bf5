"""Fetches the public keys of an OpenID Connect issuer."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from http.client import HTTPException, HTTPMessage
from typing import IO, Any
from urllib.parse import urlsplit

from jwt import PyJWK
from jwt.exceptions import PyJWTError

from service_runtime.issuer_address import checked_address

ALGORITHMS = ("RS256", "ES256", "EdDSA")
LARGEST_DOCUMENT = 256 * 1024  # bytes
TIMEOUT = 3.0  # seconds for each step of a fetch
LONGEST_FETCH = 6.0  # seconds for the whole of one document


class KeysUnavailable(Exception):
    """The issuer's keys are not to be had now."""


def key_fetcher(issuer: str, jwks_url: str | None = None) -> Callable[[], dict[str, PyJWK]]:
    """Fetches the keys by their ids, from where the issuer's discovery document says."""

    def fetch() -> dict[str, PyJWK]:
        try:
            return keys_of(_document(jwks_url or _discovered(issuer)))
        except (OSError, HTTPException, ValueError) as error:
            raise KeysUnavailable(f"{issuer}: {error}") from error

    return fetch


def keys_of(document: Mapping[str, Any]) -> dict[str, PyJWK]:
    """The keys that verify signatures by one of our algorithms; others are left out."""
    listed = document.get("keys")
    found: dict[str, PyJWK] = {}
    for one in listed if isinstance(listed, list) else []:
        key = _key(one)
        if key is not None and key.key_id:
            found.setdefault(key.key_id, key)
    if not found:
        raise ValueError(f"expected keys with ids for {', '.join(ALGORITHMS)}, came none")
    return found


def _key(jwk: Any) -> PyJWK | None:
    if not isinstance(jwk, dict) or not isinstance(jwk.get("kid"), str):
        return None
    if jwk.get("use", "sig") != "sig" or "verify" not in jwk.get("key_ops", ["verify"]):
        return None
    try:
        key = PyJWK(jwk)
    except (PyJWTError, TypeError, ValueError):
        return None
    too_short = key.algorithm_name in ALGORITHMS and key.Algorithm.check_key_length(key.key)
    return key if key.algorithm_name in ALGORITHMS and not too_short else None


def _discovered(issuer: str) -> str:
    document = _document(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    if document.get("issuer") != issuer:
        raise ValueError(f"expected a document of {issuer}, came {document.get('issuer')!r}")
    url = str(document.get("jwks_uri", ""))
    if urlsplit(url).scheme != "https" and not issuer.startswith("http:"):
        raise ValueError(f"expected keys at an https address, came {url!r}")
    return checked_address(url)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> None:
        return None  # which makes the redirect an error


_opener = urllib.request.build_opener(_NoRedirects)


def _document(url: str) -> Mapping[str, Any]:
    request = urllib.request.Request(url, headers={"Accept": "application/json"})
    try:
        with _opener.open(request, timeout=TIMEOUT) as answer:
            document = json.loads(_read(answer, url))
    except urllib.error.HTTPError as answer:
        answer.close()
        raise ValueError(f"{url} answered {answer.code}") from None
    except RecursionError:
        raise ValueError(f"{url} answered a document that is nested too deeply") from None
    if not isinstance(document, dict):
        raise ValueError(f"{url} answered no JSON object")
    return document


def _read(answer: Any, url: str) -> bytes:
    end, content = time.monotonic() + LONGEST_FETCH, bytearray()
    while part := answer.read1(64 * 1024):
        content += part
        if len(content) > LARGEST_DOCUMENT:
            raise ValueError(f"{url} answered more than {LARGEST_DOCUMENT} bytes")
        if time.monotonic() > end:
            raise ValueError(f"{url} took more than {LONGEST_FETCH:.0f} s to answer")
    return bytes(content)
