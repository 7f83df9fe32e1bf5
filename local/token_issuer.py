"""Issues tokens as an OpenID Connect issuer for this machine."""

import hashlib
import json
import time
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

ALGORITHM = "ES256"
AUDIENCE = "herald"
LIFETIME = 12 * 3600  # seconds; a working day


class UnusableKey(Exception):
    """Reports a key of the issuer that cannot be used."""


class TokenIssuer:
    """Signs tokens; services read the key at the `url` of the issuer."""

    def __init__(self, url: str, key: ec.EllipticCurvePrivateKey) -> None:
        self.url, self._key = url, key

    @classmethod
    def read(cls, url: str, path: Path) -> "TokenIssuer":
        try:
            key = serialization.load_pem_private_key(path.read_bytes(), None)
        except OSError as error:
            raise UnusableKey(f"{path} cannot be read; run `make up` to create it.") from error
        except (ValueError, TypeError) as error:
            raise UnusableKey(
                f"{path} does not contain a PEM private key; remove it and run `make up`."
            ) from error
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise UnusableKey(
                f"{path} does not contain an elliptic-curve key; remove it and run `make up`."
            )
        return cls(url, key)

    def discovery(self) -> dict[str, Any]:
        """Return the discovery document (OpenID Connect Discovery 1.0) that verifiers need."""
        return {
            "issuer": self.url,
            "jwks_uri": f"{self.url}/keys",
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [ALGORITHM],
        }

    def keys(self) -> dict[str, Any]:
        """Return the keys (RFC 7517)."""
        return {"keys": [{**self._public(), "kid": self._id(), "use": "sig", "alg": ALGORITHM}]}

    def token(self, user: str, email: str | None = None, lifetime: int = LIFETIME) -> str:
        now = int(time.time())
        claims = {"iss": self.url, "aud": AUDIENCE, "sub": user, "iat": now, "exp": now + lifetime}
        address = {} if email is None else {"email": email, "email_verified": True}
        return jwt.encode({**claims, **address}, self._key, ALGORITHM, {"kid": self._id()})

    def _public(self) -> dict[str, Any]:
        jwk: dict[str, Any] = json.loads(ECAlgorithm.to_jwk(self._key.public_key()))
        return jwk

    def _id(self) -> str:
        """Return the thumbprint of the key (RFC 7638)."""
        members = {name: self._public()[name] for name in ("crv", "kty", "x", "y")}
        text = json.dumps(members, separators=(",", ":"), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:32]
