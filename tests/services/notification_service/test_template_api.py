import httpx
import pytest
from notification_service.template_api import template_routes
from notification_service.templates import PARTS, Templates
from notification_service.texts import Texts
from service_runtime.api import create_api
from service_runtime.fake_buckets import InMemoryBuckets
from service_runtime.rate_limit import Rate

from tests.services.notification_service.examples import texts

pytestmark = pytest.mark.parametrize("callers", ["gateway"], indirect=True)

HOSTILE = "<script>alert(1)</script>"


def api_of(texts, client_of, callers, **options) -> httpx.Client:
    app = create_api("Templates", live=bool, ready=bool, identity=callers.identity)
    app.state.buckets = InMemoryBuckets(Rate(1, 200), lambda: 0)
    app.include_router(template_routes(texts))
    client: httpx.Client = client_of(app, **options)
    return client


@pytest.fixture
def api(client_of, callers) -> httpx.Client:
    return api_of(texts(), client_of, callers, headers=callers.headers("ada", "ada@example.org"))


def problem(answer):
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == answer.status_code
    return answer.status_code, answer.json()["code"]


def test_the_templates_are_listed(api):
    locales, channels = ["de", "en", "es", "fr", "nl"], ["push", "email"]
    assert api.get("/templates").json() == [
        {"kind": kind, "locales": locales, "channels": channels}
        for kind in ("digest", "reminder", "urgent")
    ]


def test_every_listed_template_can_be_seen_in_every_format(api):
    for one in api.get("/templates").json():
        for locale in one["locales"]:
            for channel in one["channels"]:
                path = f"/templates/{one['kind']}/{locale}/{channel}"
                assert api.get(path).json().keys() == set(PARTS[channel])
                assert api.get(path, params={"format": "text"}).text
    page = api.get("/templates/digest/fr/email", params={"format": "html"})
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "2 rappels" in page.text


def test_an_email_is_shown_as_it_will_be_sent(api):
    answer = api.get("/templates/urgent/de/email", params={"timeZone": "Europe/Berlin"})
    assert answer.json()["subject"] == "Dringend: Water the plants"
    assert "1. Januar 2030, 10:00 Uhr (MEZ)" in answer.json()["text"]
    page = api.get("/templates/urgent/de/email", params={"format": "html"})
    assert page.text.startswith("<!DOCTYPE html>")
    text = api.get("/templates/reminder/en/push", params={"format": "text"})
    assert (text.text, text.headers["content-type"]) == (
        "Reminder\n\nWater the plants",
        "text/plain; charset=utf-8",
    )


@pytest.mark.parametrize("format", ["json", "text", "html"])
def test_a_browser_may_run_and_fetch_nothing(api, format):
    answer = api.get("/templates/digest/en/email", params={"format": format})
    assert answer.headers["content-security-policy"] == (
        "sandbox; default-src 'none'; style-src 'unsafe-inline'"
    )
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"


def test_own_values_are_shown_escaped(api):
    values = {
        "items": [{"message": HOSTILE, "occurrence": "2030-05-01T09:30:00+02:00"}],
        "timeZone": "America/New_York",
        "unsubscribeUrl": "javascript:alert(1)",
    }
    page = api.post("/templates/reminder/en/email", json=values, params={"format": "html"})
    assert page.status_code == 200
    assert HOSTILE not in page.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.text
    assert "Wednesday, May 1, 2030 at 3:30\u202fAM (EDT)" in page.text
    assert "javascript" not in page.text


@pytest.mark.parametrize(
    "path",
    [
        "/templates/birthday/en/email",
        "/templates/reminder/tlh/email",
        "/templates/reminder/en/fax",
        "/templates/words/en/email",
        "/templates/..%2f../en/email",
    ],
)
def test_an_unknown_template_is_a_problem(api, path):
    assert problem(api.get(path)) in [(404, "UNKNOWN_TEMPLATE"), (404, "NOT_FOUND")]


@pytest.mark.parametrize(
    "values",
    [
        {"items": []},
        {"items": [{"message": "", "occurrence": "2030-05-01T09:30:00Z"}]},
        {"items": [{"message": "x", "occurrence": "2030-05-01T09:30:00"}]},
        {"items": [{"message": "x", "occurrence": "9999-12-31T23:59:59Z"}]},
        {"items": [{"message": "x", "occurrence": "0001-01-01T00:00:00Z"}]},
        {"items": [{"message": "x", "occurrence": "2030-05-01T09:30:00Z"}], "timeZone": "Mars"},
        {"items": [{"message": "x", "occurrence": "2030-05-01T09:30:00Z"}], "more": 1},
    ],
)
def test_values_that_no_template_can_show_are_refused(api, values):
    assert problem(api.post("/templates/reminder/en/email", json=values)) == (422, "VALIDATION")


def test_options_that_do_not_exist_are_refused(api):
    path = "/templates/reminder/en/push"
    assert problem(api.get(path, params={"format": "pdf"})) == (422, "VALIDATION")
    assert problem(api.get(path, params={"format": "html"})) == (422, "NO_PAGE")
    for zone in ("../etc", "localtime"):
        assert problem(api.get(path, params={"timeZone": zone})) == (422, "VALIDATION")


def test_only_users_may_look(client_of, callers):
    stranger = api_of(texts(), client_of, callers)
    for path in ("/templates", "/templates/reminder/en/email"):
        assert problem(stranger.get(path)) == (401, "UNAUTHENTICATED")
    assert problem(stranger.post("/templates/reminder/en/email", json={}))[0] == 401


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_user_who_looks_too_often_is_told_to_wait(api, callers, method):
    values = {"items": [{"message": "x", "occurrence": "2030-05-01T09:30:00Z"}]}
    body = values if method == "POST" else None

    def look(format, **options):
        path = f"/templates/reminder/en/email?format={format}"
        return api.request(method, path, json=body, **options)

    left = [look(format).headers["ratelimit-remaining"] for format in ("json", "text", "html")]
    assert left == ["199", "198", "197"]
    assert api.get("/templates").headers["ratelimit-remaining"] == "196"
    assert [look("json").status_code for _ in range(197)] == [200] * 196 + [429]
    assert problem(api.get("/templates")) == (429, "TOO_MANY_REQUESTS")
    assert look("json").headers["retry-after"] == "1"
    assert look("json", headers=callers.headers("eve")).status_code == 200


def test_a_template_that_fails_says_why(client_of, callers, tmp_path):
    folder = tmp_path / "reminder" / "en"
    folder.mkdir(parents=True)
    for part in PARTS["push"]:
        (folder / f"push.{part}").write_text("{{ nowhere }}")
    headers = callers.headers("ada", "ada@example.org")
    api = api_of(Texts(Templates(tmp_path)), client_of, callers, headers=headers)
    answer = api.get("/templates/reminder/en/push")
    assert problem(answer) == (500, "TEMPLATE_FAILED")
    assert answer.json()["detail"] == ("The template fails: UndefinedError: 'nowhere' is undefined")
