import json
import time

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from local.inbox.google_access import (
    GRANT,
    GoogleAccess,
    NotGranted,
    ServiceAccount,
    UnusableCredentials,
)


def test_a_signed_assertion_gets_a_token(client, assertion):
    form = {"grant_type": GRANT, "assertion": assertion()}
    granted = client.post("/token", data=form).json()
    token = granted.pop("access_token")
    assert token.startswith("ya29.")
    assert granted == {"expires_in": 3600, "token_type": "Bearer"}


def test_google_library_gets_a_token(client, key):
    service_account = pytest.importorskip("google.oauth2.service_account")
    scopes = ["https://www.googleapis.com/auth/firebase.messaging"]
    credentials = service_account.Credentials.from_service_account_info(key, scopes=scopes)
    form = {
        "grant_type": GRANT,
        "assertion": credentials._make_authorization_grant_assertion().decode(),
    }
    assert client.post("/token", data=form).status_code == 200


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"iss": "eve@example.com"}, "invalid_grant"),
        ({"aud": "https://example.com"}, "invalid_grant"),
        ({"exp": 1}, "invalid_grant"),
        ({"scope": "email"}, "invalid_scope"),
    ],
)
def test_a_wrong_claim_is_refused(client, assertion, changes, error):
    form = {"grant_type": GRANT, "assertion": assertion(**changes)}
    response = client.post("/token", data=form)
    assert (response.status_code, response.json()["error"]) == (400, error)


@pytest.fixture
def other(key, tmp_path):
    """Another key of the account."""
    private_key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = tmp_path / "other.json"
    path.write_text(json.dumps({**key, "private_key": private_key.decode()}))
    return path


def test_another_key_s_signature_is_refused(account, other, assertion):
    signed = assertion(with_key=json.loads(other.read_text())["private_key"])
    with pytest.raises(NotGranted, match=r"^Invalid JWT Signature\.$"):
        GoogleAccess(account).grant(GRANT, signed)


def test_account_has_two_keys_during_rotation(account, other, assertion):
    access = GoogleAccess(account, ServiceAccount.read(other))
    for key in ("", json.loads(other.read_text())["private_key"]):
        assert access.admits(access.grant(GRANT, assertion(with_key=key))["access_token"])


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({}, "unsupported_grant_type"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": GRANT, "assertion": "a.b"}, "invalid_grant"),
    ],
)
def test_other_requests_are_refused(client, form, error):
    response = client.post("/token", data=form)
    assert (response.status_code, response.json()["error"]) == (400, error)


def test_requests_without_credentials_need_the_shape():
    access = GoogleAccess()
    scope = "https://www.googleapis.com/auth/cloud-platform"
    signed_by_anyone = jwt.encode(
        {"iss": "x", "iat": 0, "exp": 1, "scope": scope}, "k" * 32, algorithm="HS256"
    )
    assert access.admits(access.grant(GRANT, signed_by_anyone)["access_token"])
    with pytest.raises(NotGranted, match="^Invalid JWT: "):
        access.grant(GRANT, "not a token")


def test_tokens_end_and_outlive_a_restart(account, assertion, monkeypatch):
    token = GoogleAccess(account).grant(GRANT, assertion())["access_token"]
    restarted = GoogleAccess(account)
    assert restarted.admits(token)
    later = time.time() + 3601
    monkeypatch.setattr(time, "time", lambda: later)
    assert not restarted.admits(token)


@pytest.mark.parametrize("content", ["{", "[]", '{"private_key": "x"}', None])
def test_unusable_credentials_stay_out_of_errors(tmp_path, content):
    path = tmp_path / "key.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(UnusableCredentials, match=f"^{path} ") as problem:
        ServiceAccount.read(path)
    assert content is None or json.dumps(content)[1:-1] not in str(problem.value)
