"""Tokens that a hostile caller may send."""

import base64
import hashlib
import hmac
import json
import time

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import given
from hypothesis import strategies as st
from service_runtime.api import create_api
from service_runtime.identity import AnyCaller
from service_runtime.issuer_keys import KeysUnavailable
from service_runtime.problems import Problem
from service_runtime.signing_keys import SigningKeys
from service_runtime.tokens import LONGEST_TOKEN, InvalidToken, TokenIdentity, bearer_token
from starlette.datastructures import Headers

from tests.services.callers import (
    AUDIENCE,
    ISSUER,
    claims,
    known_keys,
    private_key,
    public_jwk,
    token,
)

ALGORITHMS = ["RS256", "ES256", "EdDSA"]


def identity(**options):
    keys = known_keys(*(public_jwk(algorithm, algorithm) for algorithm in ALGORITHMS))
    return TokenIdentity(ISSUER, AUDIENCE, keys, **options)


IDENTITY = identity()


def caller(given, known=IDENTITY):
    return known.caller_of(Headers({"authorization": f"Bearer {given}"}))


def refusal(given, known=IDENTITY):
    """Why a token is refused, as the answer says twice."""
    with pytest.raises(Problem) as refused:
        caller(given, known)
    problem = refused.value
    assert (problem.status, problem.code) == (401, "UNAUTHENTICATED")
    challenge = f'Bearer error="invalid_token", error_description="{problem.detail}"'
    assert problem.headers == {"WWW-Authenticate": challenge}
    return problem.detail


def encoded(part):
    data = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def unsigned(header):
    return f"{encoded(header)}.{encoded(claims())}."


def signed_with_the_public_key(algorithm):
    """HS256 with the published key as its secret: what a confused verifier would accept."""
    public = private_key(algorithm).public_key()
    secret = public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    text = f"{encoded({'alg': 'HS256', 'kid': algorithm})}.{encoded(claims())}"
    return f"{text}.{encoded(hmac.digest(secret, text.encode(), hashlib.sha256))}"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("type", [None, "JWT", "at+jwt", "application/at+JWT"])
def test_each_algorithm_is_accepted(algorithm, type):
    assert caller(token(algorithm, header={"typ": type} if type else None)).user_id == "user-1"


@pytest.mark.parametrize("name", ["none", "None", "NONE", "", None, "HS256", "RS1", 256, ["ES256"]])
def test_no_other_algorithm_is_accepted(name):
    assert "not signed by one of" in refusal(unsigned({"alg": name, "kid": "ES256"}))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_public_key_is_no_secret(algorithm):
    assert "not signed by one of" in refusal(signed_with_the_public_key(algorithm))


@pytest.mark.parametrize(("algorithm", "kid"), [("RS256", "ES256"), ("ES256", "EdDSA")])
def test_key_serves_only_its_algorithm(algorithm, kid):
    assert refusal(token(algorithm, header={"kid": kid})) == "The token is not valid."


def test_other_key_under_known_id_fails():
    assert refusal(token("ES256", 1)) == "The token's signature is wrong."


def ahead(seconds):
    """A moment by the clock of the test that asks for it, not of the collection long before."""
    return lambda: int(time.time()) + seconds


CHANGES = {
    "expired": ({"exp": ahead(-60)}, "The token has expired."),
    "issued in the future": ({"iat": ahead(600)}, "The token is not valid yet."),
    "not valid yet": ({"nbf": ahead(600)}, "The token is not valid yet."),
    "another issuer": ({"iss": "https://login.example.org"}, "The token is of another issuer."),
    "an issuer that begins alike": ({"iss": f"{ISSUER}.evil"}, "The token is of another issuer."),
    "a slash more": ({"iss": f"{ISSUER}/"}, "The token is of another issuer."),
    "another audience": ({"aud": "another"}, "The token is for another audience."),
    "other audiences": ({"aud": ["a", "b"]}, "The token is for another audience."),
    "an audience in part": ({"aud": AUDIENCE[:-1]}, "The token is for another audience."),
    "an endless life": ({"exp": float("inf")}, "The token is not valid."),
    "words for a time": ({"exp": "tomorrow"}, "The token is not valid."),
    "a user of control characters": (
        {"sub": "a\nb"},
        "The claim sub of the token is not a valid user id.",
    ),
    "an empty user": ({"sub": ""}, "The claim sub of the token is not a valid user id."),
    "a number for a user": ({"sub": 7}, "The token is not valid."),
    **{
        f"no {name}": ({name: None}, f"The token has no {name}.")
        for name in ("iss", "aud", "exp", "iat", "sub")
    },
}


@pytest.mark.parametrize("case", CHANGES)
def test_other_claims_are_refused(case):
    changes, reason = CHANGES[case]
    made = {name: value() if callable(value) else value for name, value in changes.items()}
    assert refusal(token(**made)) == reason


def test_small_clock_skew_is_tolerated():
    near = token(exp=ahead(-5)(), iat=ahead(5)(), aud=["another", AUDIENCE])
    assert caller(near).user_id == "user-1"


@pytest.mark.parametrize("kid", [None, "", "unknown", "../../keys"])
def test_token_names_key_of_issuer(kid):
    given = jwt.encode(claims(), private_key("ES256"), "ES256", {"kid": kid} if kid else None)
    assert refusal(given) == "The token is not signed with a key of the issuer."


@pytest.mark.parametrize(
    "header",
    [
        {"typ": "logout+jwt"},
        {"typ": "dpop+jwt"},
        {"typ": ""},
        {"crit": ["exp"], "exp": 1},
        {"crit": ["b64"], "b64": True},
    ],
)
def test_token_of_another_kind_is_refused(header):
    text = f"{encoded({'alg': 'ES256', 'kid': 'ES256', **header})}.{encoded(claims())}"
    reasons = ("The token is not an access token or ID token.", "The token is malformed.")
    assert refusal(f"{text}.{encoded(b'0' * 64)}") in reasons


@pytest.mark.parametrize("name", ["jwk", "jku", "x5u", "x5c"])
def test_embedded_key_is_ignored(name):
    own = {"jwk": public_jwk("ES256", "own", 1), "x5c": ["MIIB"]}
    header = {name: own.get(name, "https://evil.example/keys"), "kid": "ES256"}
    assert refusal(token("ES256", 1, header=header)) == "The token's signature is wrong."
    assert caller(token("ES256", header=header)).user_id == "user-1"


@pytest.mark.parametrize(
    "given",
    ["", ".", "..", "a.b.c", "a b", "ü.ü.ü", "[" * 8000, f"{encoded([])}..", "e30.e30.e30.e30.e30"],
)
def test_what_is_no_token_is_refused(given):
    assert refusal(given).startswith("The token")


def test_json_that_nests_deeply_is_refused():
    deep = encoded(b'{"a":' * 1000 + b"1" + b"}" * 1000)
    assert refusal(f"{deep}.{encoded(claims())}.").startswith("The token is")
    bottomless = encoded(b"[" * 5000)
    assert refusal(f"{bottomless}..") == "The token is malformed."


def test_a_huge_token_is_refused_unread():
    given = token(padding="x" * LONGEST_TOKEN)
    assert refusal(given) == f"The token is longer than {LONGEST_TOKEN} characters."


@given(
    st.text()
    | st.lists(st.binary(max_size=40), max_size=5).map(lambda p: b".".join(p).decode("latin-1"))
)
def test_any_text_is_refused_in_words(text):
    with pytest.raises(InvalidToken):
        IDENTITY.claims(text)


@pytest.mark.parametrize(
    ("changes", "email"),
    [
        ({"email": "u@example.com"}, "u@example.com"),
        ({"email": "u@example.com", "email_verified": True}, "u@example.com"),
        ({"email": "u@example.com", "email_verified": "true"}, "u@example.com"),
        ({"email": "victim@example.com", "email_verified": False}, None),
        ({"email": "victim@example.com", "email_verified": "false"}, None),
        ({"email": ["u@example.com"]}, None),
        ({"email": "u@example.com\n"}, None),
        ({}, None),
    ],
)
def test_verified_address_is_believed(changes, email):
    assert caller(token(**changes)).email == email


def test_claim_of_address_is_configurable():
    known = identity(email_claim="https://example.com/mail")
    given = token(email="a@example.com", **{"https://example.com/mail": "b@example.com"})
    assert caller(given, known).email == "b@example.com"


def test_missing_keys_ask_caller_to_retry():
    def fetch():
        raise KeysUnavailable

    with pytest.raises(Problem) as refused:
        caller(token(), TokenIdentity(ISSUER, AUDIENCE, SigningKeys(fetch)))
    assert (refused.value.status, refused.value.headers) == (503, {"Retry-After": "5"})


@pytest.mark.parametrize("given", [None, "", "Basic dTpw", "Token a.b.c", "bearertoken"])
def test_challenge_without_token_has_no_error(given):
    headers = Headers({} if given is None else {"authorization": given})
    with pytest.raises(Problem) as refused:
        bearer_token(headers)
    assert (refused.value.status, refused.value.headers) == (401, {"WWW-Authenticate": "Bearer"})


def test_scheme_ignores_case():
    assert bearer_token(Headers({"authorization": "bEARER  a.b.c "})) == "a.b.c"


def test_two_tokens_are_one_too_many(serve):
    app = create_api("Callers", live=bool, ready=bool, identity=IDENTITY)

    @app.get("/me")
    def me(caller: AnyCaller) -> str:
        return caller.user_id

    twice = [("authorization", f"Bearer {token(sub=sub)}") for sub in ("victim", "user-1")]
    answer = serve(app).get("/me", headers=twice)
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_REQUEST")
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_request"'


COGNITO = {"aud": None, "client_id": "client", "token_use": "access", "scope": "openid"}
KEYCLOAK = {"aud": "account", "azp": "web", "typ": "Bearer"}
OF_CLIENT = TokenIdentity(
    ISSUER, "client", known_keys(public_jwk("ES256", "ES256")), audience_claim="client_id"
)


def test_cognito_access_token_names_its_client():
    assert caller(token(**COGNITO), OF_CLIENT).user_id == "user-1"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"client_id": "another"}, "The token is for another audience."),
        ({"token_use": "id"}, "The token is for another audience."),
        ({"aud": "another"}, "The token is for another audience."),
        ({"client_id": None}, "The token has no client_id."),
    ],
)
def test_other_tokens_of_cognito_are_refused(changes, reason):
    assert refusal(token(**{**COGNITO, **changes}), OF_CLIENT) == reason


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": [AUDIENCE, "https://tenant.eu.auth0.com/userinfo"], "sub": "auth0|00000001"},
        {"sub": "pairwise", "oid": "00000000-0000-4000-8000-00000000000b", "ver": "2.0"},
        {"sub": "110169484474386276334", "azp": AUDIENCE, "email_verified": True},
        {"typ": "Bearer", "aud": [AUDIENCE, "account"], "azp": "web"},
    ],
    ids=["Auth0", "Entra", "Google", "Keycloak"],
)
def test_tokens_of_issuers_are_accepted(changes):
    assert caller(token(**changes)).user_id == changes.get("sub", "user-1")


@pytest.mark.parametrize(
    ("changes", "claims"),
    [
        (
            COGNITO,
            {"client_id": "client", "token_use": "access", "reason": "The token has no aud."},
        ),
        (KEYCLOAK, {"aud": "account", "azp": "web"}),
        ({"iss": "https://sts.windows.net/t/"}, {"iss": "https://sts.windows.net/t/"}),
    ],
    ids=["Cognito", "Keycloak", "Entra"],
)
def test_operator_learns_which_claim_differs(caplog, changes, claims):
    known = identity()
    for _ in range(3):
        refusal(token(**changes), known)
    [line] = caplog.records
    assert "IDENTITY_AUDIENCE_CLAIM" in line.getMessage()
    assert claims.items() <= vars(line).items()


def test_forged_token_is_not_logged(caplog):
    refusal(token("ES256", 1, aud="account"), identity())
    assert caplog.records == []


@pytest.mark.parametrize(
    ("zone", "time_zone"),
    [("Europe/Paris", "Europe/Paris"), ("Paris", None), (None, None), (7, None), ([], None)],
)
def test_token_names_the_time_zone(zone, time_zone):
    assert caller(token(zoneinfo=zone)).time_zone == time_zone


def test_null_in_a_token_means_absent():
    given = jwt.encode(
        {**claims(), "email": "u@example.com", "email_verified": None},
        private_key("ES256", 0),
        "ES256",
        {"kid": "ES256", "typ": None},
    )
    assert caller(given).email == "u@example.com"
