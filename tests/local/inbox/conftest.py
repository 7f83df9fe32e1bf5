import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from fastapi.testclient import TestClient

from local.inbox.app import inbox_app
from local.inbox.google_access import GRANT, GoogleAccess, ServiceAccount
from local.inbox.messages import Messages

SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
TOKEN_URI = "http://127.0.0.1:8025/token"


@pytest.fixture(scope="session")
def key() -> dict[str, str]:
    """A service account's key, as the Firebase console makes it."""
    private_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = private_key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return {
        "type": "service_account",
        "project_id": "herald-local",
        "private_key": pem.decode(),
        "client_email": "push@herald-local.iam.gserviceaccount.com",
        "token_uri": TOKEN_URI,
    }


@pytest.fixture
def account(key, tmp_path) -> ServiceAccount:
    path = tmp_path / "credentials.json"
    path.write_text(json.dumps(key))
    return ServiceAccount.read(path)


@pytest.fixture
def client(account) -> TestClient:
    return TestClient(inbox_app(Messages(), GoogleAccess(account)))


@pytest.fixture
def assertion(key):
    """Signs a token request; each claim can be changed."""

    def sign(with_key: str = "", **changes: Any) -> str:
        now = int(time.time())
        claims = {
            "iss": key["client_email"],
            "aud": TOKEN_URI,
            "scope": SCOPE,
            "iat": now,
            "exp": now + 3600,
        }
        return jwt.encode(claims | changes, with_key or key["private_key"], "RS256")

    return sign


@pytest.fixture
def send(client, assertion):
    """Posts to FCM's endpoint with a granted token."""
    form = {"grant_type": GRANT, "assertion": assertion()}
    token = client.post("/token", data=form).json()["access_token"]

    def post(body: Any, project: str = "herald-local", bearer: str = token) -> Any:
        headers = {"Authorization": f"Bearer {bearer}"}
        url = f"/v1/projects/{project}/messages:send"
        content = body if isinstance(body, str) else json.dumps(body)
        return client.post(url, content=content, headers=headers)

    return post
