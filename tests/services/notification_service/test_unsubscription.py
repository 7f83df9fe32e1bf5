"""Links to unsubscribe: who follows one changes nothing, who presses the button does."""

import re
from base64 import urlsafe_b64encode
from dataclasses import replace
from html import unescape
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from notification_service.api import device_api
from notification_service.errors import UnknownToken
from notification_service.templates import environment_of, load_words
from notification_service.unsubscription import LONGEST_LINK, Unsubscription
from service_runtime.rate_limit import Rate

from tests.services.notification_service.examples import roomy
from tests.services.notification_service.fake_devices import InMemoryDevices
from tests.services.notification_service.fakes import (
    InMemoryPreferences,
    InMemoryPush,
)
from tests.services.notification_service.test_texts import LOCALES
from tests.services.service_runtime.fake_buckets import InMemoryBuckets

ADDRESS = "https://herald.test/unsubscribe"
KEY = "k" * 43


@pytest.fixture
def preferences() -> InMemoryPreferences:
    return InMemoryPreferences()


@pytest.fixture
def unsubscription(preferences) -> Unsubscription:
    return Unsubscription(ADDRESS, KEY, preferences)


@pytest.fixture
def api(unsubscription, preferences, client_of) -> httpx.Client:
    app = device_api(
        InMemoryDevices(),
        InMemoryPush(),
        preferences,
        unsubscription,
        buckets=roomy(),
        live=bool,
        ready=bool,
    )
    client: httpx.Client = client_of(app)
    return client


def path_of(link: str) -> str:
    return link.removeprefix("https://herald.test")


def test_mail_program_unsubscribes_without_login(api, unsubscription, preferences):
    for _ in range(2):
        answer = api.post(
            path_of(unsubscription.link("ada")), data={"List-Unsubscribe": "One-Click"}
        )
        assert answer.status_code == 200
    assert preferences.of("ada").unsubscribed
    assert preferences.of("ada").version == 1
    assert not preferences.of("eve").unsubscribed


def test_followed_link_changes_nothing(api, unsubscription, preferences):
    answer = api.get(path_of(unsubscription.link("ada")))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert not preferences.of("ada").unsubscribed


def test_the_button_of_the_page_unsubscribes(api, unsubscription, preferences):
    page = api.get(path_of(unsubscription.link("ada"))).text
    [action] = re.findall(r'<form method="post" action="([^"]+)">', page)
    answer = api.post(f"/unsubscribe{unescape(action)}")
    assert "You are unsubscribed" in answer.text
    assert preferences.of("ada").unsubscribed


def test_pages_run_no_script_without_referrer(api, unsubscription):
    headers = api.get(path_of(unsubscription.link("ada"))).headers
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"


def test_unsubscription_has_its_own_limit(unsubscription, preferences, client_of):
    buckets = InMemoryBuckets(Rate(per_second=1, burst=2), lambda: 0)
    app = device_api(
        InMemoryDevices(),
        InMemoryPush(),
        preferences,
        unsubscription,
        buckets=buckets,
        live=bool,
        ready=bool,
    )
    api = client_of(app, headers={"x-authenticated-userid": "ada"})
    link = path_of(unsubscription.link("ada"))
    answers = [api.post(link) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].headers["retry-after"] == "1"
    assert api.get("/device").status_code == 200
    assert api.post(path_of(unsubscription.link("eve"))).status_code == 200


def cut(token: str) -> str:
    return token[:-4]


def for_another_user(token: str) -> str:
    return urlsafe_b64encode(b"eve").decode().rstrip("=") + token[token.index(".") :]


def of_another_key(_: str) -> str:
    return Unsubscription(ADDRESS, "other" * 10, InMemoryPreferences()).token("ada")


@pytest.mark.parametrize(
    "forged",
    [
        cut,
        for_another_user,
        of_another_key,
        lambda token: token.replace(".", ""),
        lambda token: token.upper(),
        lambda token: ".",
        lambda token: "é.é",
        lambda token: "/w." + "A" * 43,
        lambda token: token + "." + token,
        lambda token: token + "=",
        lambda token: token[:-1] + chr(ord(token[-1]) + 1),  # the same bytes in base64
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_foreign_token_is_refused(api, unsubscription, preferences, method, forged):
    answer = api.request(
        method, "/unsubscribe", params={"token": forged(unsubscription.token("ada"))}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "UNKNOWN_TOKEN")
    assert preferences.rows == {}


@pytest.mark.parametrize("params", [{}, {"token": ""}, {"token": "a" * 3000}])
def test_link_without_token_is_refused(api, params):
    answer = api.post("/unsubscribe", params=params)
    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION")


@pytest.mark.parametrize("user_id", ["ada", "a" * 256, "Ådå/+?=&", "\U0001f426" * 100])
def test_link_names_user_and_fits_header(unsubscription, user_id):
    link = unsubscription.link(user_id)
    [token] = parse_qs(urlsplit(link).query)["token"]
    assert unsubscription.user_of(token) == user_id
    assert len(link) <= LONGEST_LINK
    assert link.isascii()


def test_long_user_id_has_no_link(unsubscription):
    user_id = "\U0001f426" * 256
    assert unsubscription.link(user_id) is None
    assert unsubscription.user_of(unsubscription.token(user_id)) == user_id


def test_missing_address_gives_no_link(preferences, client_of):
    app = device_api(
        InMemoryDevices(), InMemoryPush(), preferences, buckets=roomy(), live=bool, ready=bool
    )
    assert client_of(app).get("/unsubscribe?token=a").status_code == 404


def test_forged_signature_has_its_own_error(unsubscription):
    with pytest.raises(UnknownToken):
        unsubscription.user_of("YWRh.AAAA")


def test_previous_key_keeps_earlier_links(preferences):
    earlier = Unsubscription(ADDRESS, KEY, preferences)
    later = Unsubscription(ADDRESS, "n" * 43, preferences, previous_key=KEY)
    assert later.user_of(earlier.token("ada")) == later.user_of(later.token("ada")) == "ada"
    assert later.token("ada") != earlier.token("ada")
    without_previous = Unsubscription(ADDRESS, "n" * 43, preferences)
    with pytest.raises(UnknownToken):
        without_previous.user_of(earlier.token("ada"))


def test_page_has_language_of_emails(api, unsubscription, preferences):
    preferences.change("ada", lambda current: replace(current, locale="de_AT"))
    link = path_of(unsubscription.link("ada"))
    question, done = api.get(link, headers={"accept-language": "fr"}).text, api.post(link).text
    assert '<html lang="de" dir="ltr">' in question
    assert "<button>Abbestellen</button>" in question
    assert "Sie erhalten keine E&#8209;Mails mehr von uns." in done


@pytest.mark.parametrize(
    ("header", "title"),
    [
        ("nl;q=0.5, fr-CA;q=0.9, pt", "Ce lien ne fonctionne pas"),
        ("pt, *;q=0.1", "This link does not work"),
        ("", "This link does not work"),
        ("es;q=high, de", "Dieser Link funktioniert nicht"),
    ],
)
def test_unusable_link_has_browsers_language(api, header, title):
    headers = {"accept": "text/html", "accept-language": header}
    answer = api.get("/unsubscribe?token=cut", headers=headers)
    assert answer.status_code == 422
    assert f"<title>{title}</title>" in answer.text


def test_languages_have_the_same_words():
    words = load_words(environment_of())
    macros = {name: set(vars(module)) for name, module in words.items()}
    assert macros == dict.fromkeys(LOCALES, macros["en"])
    for name in macros["en"]:
        if name.startswith(("unsubscribe", "unusable")):
            assert len({getattr(module, name)() for module in words.values()}) == len(LOCALES)
