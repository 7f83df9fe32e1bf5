"""Callers as each way of knowing them expects: by headers of the gateway or by a token."""

import json
import time
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import get_default_algorithms
from service_runtime.identity import USER_ID, USER_NAME, GatewayIdentity, Identity
from service_runtime.issuer_keys import keys_of
from service_runtime.signing_keys import SigningKeys
from service_runtime.tokens import TokenIdentity

ISSUER, AUDIENCE = "https://login.example.com", "herald"


@cache
def private_key(algorithm: str, number: int = 0) -> Any:
    if algorithm == "RS256":
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    if algorithm == "ES256":
        return ec.generate_private_key(ec.SECP256R1())
    return ed25519.Ed25519PrivateKey.generate()


def public_jwk(algorithm: str, id: str, number: int = 0, **more: Any) -> dict[str, Any]:
    public = private_key(algorithm, number).public_key()
    jwk = json.loads(get_default_algorithms()[algorithm].to_jwk(public))
    return {**jwk, "kid": id, "use": "sig", **more}


def claims(**changes: Any) -> dict[str, Any]:
    """As of a good token; None leaves a claim out."""
    now = int(time.time())
    good = {"iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + 300, "sub": "user-1"}
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def token(
    algorithm: str = "ES256",
    number: int = 0,
    *,
    header: dict[str, Any] | None = None,
    **changes: Any,
) -> str:
    """A good token but for the changes of its claims and its header."""
    headers = {"kid": algorithm, **(header or {})}
    return jwt.encode(claims(**changes), private_key(algorithm, number), algorithm, headers)


@dataclass
class GatewayCallers:
    identity: Identity = field(default_factory=GatewayIdentity)

    def headers(self, user_id: str, email: str | None = None) -> dict[str, bytes]:
        named = {USER_ID: user_id} if email is None else {USER_ID: user_id, USER_NAME: email}
        return {name: value.encode("latin-1") for name, value in named.items()}


def known_keys(*jwks: dict[str, Any]) -> SigningKeys:
    return SigningKeys(lambda: keys_of({"keys": list(jwks)}))


@dataclass
class TokenCallers:
    identity: Identity = field(
        default_factory=lambda: TokenIdentity(
            ISSUER, AUDIENCE, known_keys(public_jwk("ES256", "ES256"))
        )
    )

    def headers(self, user_id: str, email: str | None = None) -> dict[str, bytes]:
        given = token(sub=user_id, email=email)
        return {"authorization": f"Bearer {given}".encode()}


WAYS = {"gateway": GatewayCallers, "token": TokenCallers}
