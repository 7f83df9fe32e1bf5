"""Emulates Google's token endpoint, which exchanges signed assertions for access tokens."""

import base64
import hashlib
import hmac
import json
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
GOOGLE = "https://oauth2.googleapis.com/token"
SCOPES = {
    "https://www.googleapis.com/auth/firebase.messaging",
    "https://www.googleapis.com/auth/cloud-platform",
}
LIFETIME = 3600  # seconds
CLOCK_SKEW = 60  # seconds


class NotGranted(Exception):
    """Rejects a token request."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error, self.description = error, description


class UnusableCredentials(Exception):
    """Reports a credentials file that cannot be used."""


@dataclass(frozen=True, kw_only=True)
class ServiceAccount:
    """Contains the service account whose signed assertions the token endpoint accepts."""

    email: str
    project: str
    token_uri: str
    public_key: Any

    @classmethod
    def read(cls, path: Path) -> "ServiceAccount":
        try:
            key = json.loads(path.read_text())
            private_key = serialization.load_pem_private_key(key["private_key"].encode(), None)
            return cls(
                email=key["client_email"],
                project=key["project_id"],
                token_uri=key.get("token_uri", GOOGLE),
                public_key=private_key.public_key(),
            )
        except OSError as error:
            raise UnusableCredentials(
                f"{path} cannot be read: {error.strerror}; `make up` creates it."
            ) from error
        except (ValueError, KeyError, TypeError, AttributeError):
            pass
        raise UnusableCredentials(
            f"{path} is not the JSON key of a Google service account; expected the members "
            "client_email, project_id and private_key."
        )

    def secret(self) -> bytes:
        """Return a secret that is stable across restarts, so that tokens stay valid."""
        pem = self.public_key.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return hashlib.sha256(pem).digest()


class GoogleAccess:
    """Issues and verifies access tokens.

    Each of `keys` belongs to the same account; the first one makes the tokens. Without keys,
    signatures are not checked.
    """

    def __init__(self, *keys: ServiceAccount) -> None:
        self._keys = keys
        self._secret = keys[0].secret() if keys else secrets.token_bytes()

    @property
    def project(self) -> str | None:
        return self._keys[0].project if self._keys else None

    def grant(self, grant_type: str, assertion: str) -> dict[str, Any]:
        if grant_type != GRANT:
            raise NotGranted("unsupported_grant_type", f"Invalid grant_type: {grant_type}")
        claims = self._claims(assertion)
        if not SCOPES & set(str(claims.get("scope", "")).split()):
            raise NotGranted("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
        token = self._token(int(time.time()) + LIFETIME)
        return {"access_token": token, "expires_in": LIFETIME, "token_type": "Bearer"}

    def admits(self, token: str) -> bool:
        """Return True if the token is ours and has not expired."""
        expires = token.removeprefix("ya29.").partition(".")[0]
        if not (expires.isascii() and expires.isdigit()):
            return False
        ours = hmac.compare_digest(token.encode(), self._token(int(expires)).encode())
        return ours and int(expires) > time.time()

    def _token(self, expires: int) -> str:
        mark = hmac.digest(self._secret, str(expires).encode(), "sha256")
        return f"ya29.{expires}.{base64.urlsafe_b64encode(mark).decode().rstrip('=')}"

    def _claims(self, assertion: str) -> dict[str, Any]:
        for key in self._keys or [None]:
            try:
                return dict(_decode(assertion, key))
            except jwt.InvalidSignatureError:
                continue
            except jwt.PyJWTError as error:
                raise NotGranted("invalid_grant", f"Invalid JWT: {error}") from error
        raise NotGranted("invalid_grant", "Invalid JWT Signature.")


def _decode(assertion: str, key: ServiceAccount | None) -> dict[str, Any]:
    return jwt.decode(
        assertion,
        key.public_key if key else "",
        algorithms=["RS256"],
        options={"verify_signature": key is not None, "require": ["iss", "exp", "iat"]},
        issuer=key.email if key else None,
        audience=[GOOGLE, key.token_uri] if key else None,
        leeway=CLOCK_SKEW,
    )
