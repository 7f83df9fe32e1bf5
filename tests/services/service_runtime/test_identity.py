"""An API knows its callers by the gateway or by tokens, never by both."""

import httpx
import pytest
from service_runtime.api import create_api
from service_runtime.identity import AnyCaller, Caller, GatewayIdentity, Unauthenticated
from service_runtime.identity_settings import IdentitySettings
from service_runtime.settings import read_settings
from service_runtime.tokens import TokenIdentity
from starlette.datastructures import Headers

from tests.services.callers import WAYS

FORGED = {"x-authenticated-userid": "victim", "x-consumer-username": "victim@example.com"}


def api(identity=None):
    app = create_api("Callers", live=bool, ready=bool, identity=identity)

    @app.get("/me")
    def me(caller: AnyCaller) -> Caller:
        return caller

    @app.get("/open")
    def open_to_all() -> str:
        return "open"

    return app


def gateway_caller(*headers):
    encoded = [(name.encode(), value.encode()) for name, value in headers]
    return GatewayIdentity().caller_of(Headers(raw=encoded))


@pytest.mark.parametrize("callers", WAYS, indirect=True)
@pytest.mark.parametrize(
    ("email", "known", "problem"),
    [
        ("u@example.com", "u@example.com", None),
        (None, None, None),
        ("not-an-address", None, "The e-mail address must have the form name@domain."),
        ("", None, "The e-mail address must have the form name@domain."),
    ],
)
def test_the_caller_is_known(serve, callers, email, known, problem):
    answer = serve(api(callers.identity)).get("/me", headers=callers.headers("user-1", email))
    expected = {"user_id": "user-1", "email": known, "email_problem": problem, "time_zone": None}
    assert answer.json() == expected


def test_header_names_international_domain():
    caller = gateway_caller(
        ("x-authenticated-userid", "user-1"), ("x-consumer-username", "user@bücher.example")
    )
    assert caller == Caller(user_id="user-1", email="user@xn--bcher-kva.example")


def test_caller_knows_why_address_is_bad():
    caller = gateway_caller(
        ("x-authenticated-userid", "user-1"), ("x-consumer-username", "jürgen@example.com")
    )
    assert caller.email is None
    assert "SMTPUTF8" in (caller.email_problem or "")


@pytest.mark.parametrize("callers", WAYS, indirect=True)
@pytest.mark.parametrize("user", ["", "a" * 257, "a\tb"])
def test_who_is_no_user_is_refused(serve, callers, user):
    answer = serve(api(callers.identity)).get("/me", headers=callers.headers(user))
    assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHENTICATED")
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("callers", WAYS, indirect=True)
def test_unknown_caller_reaches_only_open_paths(serve, callers):
    client: httpx.Client = serve(api(callers.identity))
    assert client.get("/me").status_code == 401
    assert client.get("/open").json() == "open"


@pytest.mark.parametrize("callers", ["token"], indirect=True)
def test_gateway_headers_are_ignored_with_tokens(serve, callers):
    client: httpx.Client = serve(api(callers.identity))
    refused = client.get("/me", headers=FORGED)
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
    answer = client.get("/me", headers=FORGED | callers.headers("user-1"))
    nobody_else = {"user_id": "user-1", "email": None, "email_problem": None, "time_zone": None}
    assert answer.json() == nobody_else


def test_token_is_ignored_with_the_gateway(serve):
    token = WAYS["token"]().headers("user-1")
    assert serve(api()).get("/me", headers=token).status_code == 401


def test_duplicate_header_identifies_nobody(serve):
    twice = [("x-authenticated-userid", "victim"), ("x-authenticated-userid", "user-1")]
    assert serve(api()).get("/me", headers=twice).status_code == 401
    names = [("x-consumer-username", f"{name}@example.com") for name in ("victim", "user-1")]
    with pytest.raises(Unauthenticated, match="x-consumer-username once; got it 2 times"):
        gateway_caller(("x-authenticated-userid", "user-1"), *names)


@pytest.mark.parametrize(
    ("way", "scheme", "parameters"),
    [
        (
            "gateway",
            {"type": "apiKey", "in": "header", "name": "x-authenticated-userid"},
            ["x-consumer-username"],
        ),
        ("token", {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}, []),
    ],
)
def test_description_explains_authentication(serve, way, scheme, parameters):
    described = serve(api(WAYS[way]().identity)).get("/openapi.json").json()
    [(name, written)] = described["components"]["securitySchemes"].items()
    assert (name, {key: written[key] for key in scheme}) == (way, scheme)
    operation = described["paths"]["/me"]["get"]
    assert operation["security"] == [{way: []}]
    assert [one["name"] for one in operation["parameters"]] == parameters
    assert not {"security", "parameters"} & described["paths"]["/open"]["get"].keys()


def settings(monkeypatch, **values):
    for name, value in values.items():
        monkeypatch.setenv(f"IDENTITY_{name.upper()}", value)
    return read_settings(IdentitySettings)


def test_settings_choose_the_way(monkeypatch):
    assert isinstance(settings(monkeypatch).identity(), GatewayIdentity)
    issuer = settings(monkeypatch, issuer="https://login.example.com", audience="herald")
    assert isinstance(issuer.identity(), TokenIdentity)


@pytest.mark.parametrize(
    "issuer", ["https://login.example.com/realms/a/", "http://10.244.0.1:8025", "http://[::1]:1"]
)
def test_issuer_is_kept_verbatim(monkeypatch, issuer):
    assert settings(monkeypatch, issuer=issuer, audience="a").identity_issuer == issuer


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (
            {"issuer": "https://login.example.com"},
            "IDENTITY_ISSUER and IDENTITY_AUDIENCE, or neither",
        ),
        ({"audience": "herald"}, "IDENTITY_ISSUER and IDENTITY_AUDIENCE, or neither"),
        ({"jwks_url": "https://login.example.com/keys"}, "requires IDENTITY_ISSUER"),
        ({"issuer": "http://login.example.com", "audience": "a"}, "expected https"),
        ({"issuer": "http://8.8.8.8", "audience": "a"}, "expected https"),
        ({"issuer": "file:///etc/keys", "audience": "a"}, "expected an address such as"),
        ({"issuer": "ftp://login.example.com", "audience": "a"}, "starts with https://"),
        ({"issuer": "https://u@login.example.com", "audience": "a"}, "an address such as"),
        ({"issuer": "https://login.example.com?a=b", "audience": "a"}, "an address such as"),
        ({"issuer": "login.example.com", "audience": "a"}, "an address such as"),
    ],
)
def test_invalid_settings_end_the_process(monkeypatch, capsys, values, reason):
    with pytest.raises(SystemExit):
        settings(monkeypatch, **values)
    assert reason in capsys.readouterr().err
