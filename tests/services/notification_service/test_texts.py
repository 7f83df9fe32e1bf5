"""Every template, with whatever users and producers may write."""

import json
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest
from notification_service.templates import FOLDER, PARTS, Templates
from notification_service.text_cleaning import cut, cut_bytes
from notification_service.texts import LARGEST_BODY, Item, PushText, Reader, Texts

from tests.services.notification_service.examples import NINE

KINDS = ("digest", "reminder", "urgent")
LOCALES = ("de", "en", "es", "fr", "nl")
EVERY = [(kind, locale) for kind in KINDS for locale in LOCALES]

PLANTS = Item(message="Water the plants", occurrence=NINE, url="https://example.org/?a=1&b=2")
BREAD = Item(message="Bake bread", occurrence=NINE.replace(hour=17))

INJECTION = "</title><script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{ 7*7 }}{% raw %}"
HOSTILE = {
    "markup": INJECTION,
    "header": "Hello\r\nBcc: everyone@example.org\r\n\r\nbody \x00\x07\x1b[2J\u2028next",
    "long": "A very long story " * 5_000,
    "emoji": "👩‍👩‍👧‍👦🏳️‍🌈" * 400,
    "right to left": "\u202eمرحبا بالعالم\u202c שלום",
    "nothing": "\x00\u202e",
}


@pytest.fixture(scope="module")
def templates() -> Templates:
    return Templates()


@pytest.fixture(scope="module")
def texts(templates) -> Texts:
    return Texts(templates, fail_the_test)


def fail_the_test(kind: str, locale: str, channel: str) -> None:
    raise AssertionError(f"{kind}/{locale}/{channel} failed")


class Page(HTMLParser):
    """What a mail program would find."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs

    def links(self) -> list[str | None]:
        return [value for name, value in self.attributes if name in ("href", "src")]


def test_every_text_exists_in_every_language(templates):
    assert templates.kinds() == dict.fromkeys(KINDS, list(LOCALES))
    for kind, locale in EVERY:
        parts = {file.name for file in (FOLDER / kind / locale).iterdir()}
        assert parts == {f"{channel}.{part}" for channel in PARTS for part in PARTS[channel]}


def test_a_reminder_reads_like_this(texts):
    reader = Reader(unsubscribe_url="https://example.org/stop?token=x&y")
    email = texts.email("reminder", reader, [PLANTS])
    assert email.subject == "Water the plants"
    assert email.text == (
        "Water the plants\n"
        "\n"
        "Tuesday, January 1, 2030 at 9:00\u202fAM (UTC)\n"
        "https://example.org/?a=1&b=2\n"
        "\n"
        "-- \n"
        "Sent by Herald because you asked to be reminded.\n"
        "Unsubscribe from these e-mails\n"
        "https://example.org/stop?token=x&y\n"
    )
    assert texts.push("reminder", reader, [PLANTS]) == PushText(
        title="Reminder", body="Water the plants"
    )


def test_an_urgent_reminder_says_so(texts):
    email = texts.email("urgent", Reader(), [BREAD])
    assert email.subject == "Urgent: Bake bread"
    assert email.text == (
        "Urgent: Bake bread\n"
        "\n"
        "Tuesday, January 1, 2030 at 5:00\u202fPM (UTC)\n"
        "\n"
        "-- \n"
        "Sent by Herald because you asked to be reminded.\n"
    )
    assert texts.push("urgent", Reader(), [BREAD]) == PushText(title="Urgent", body="Bake bread")


def test_a_digest_lists_what_waited(texts):
    email = texts.email("digest", Reader(), [PLANTS, BREAD])
    assert email.subject == "2 reminders"
    assert email.text == (
        "2 reminders\n"
        "\n"
        "* Water the plants\n"
        "  Tuesday, January 1, 2030 at 9:00\u202fAM (UTC)\n"
        "  https://example.org/?a=1&b=2\n"
        "\n"
        "* Bake bread\n"
        "  Tuesday, January 1, 2030 at 5:00\u202fPM (UTC)\n"
        "\n"
        "-- \n"
        "Sent by Herald because you asked to be reminded.\n"
    )
    assert texts.push("digest", Reader(), [PLANTS, BREAD]) == PushText(
        title="2 reminders", body="9:00\u202fAM Water the plants\n5:00\u202fPM Bake bread"
    )
    assert texts.email("digest", Reader(), [PLANTS]).subject == "1 reminder"


@pytest.mark.parametrize(
    ("kind", "pages"),
    [("reminder", [PLANTS]), ("urgent", [PLANTS]), ("digest", [PLANTS, BREAD])],
)
def test_pages_match_the_reviewed_copies(texts, kind, pages):
    reader = Reader(unsubscribe_url="https://example.org/stop?token=x&y")
    expected = Path(__file__).parent / "pages" / f"{kind}.html"
    assert texts.email(kind, reader, pages).html == expected.read_text(encoding="utf-8")


@pytest.mark.parametrize(("length", "size"), [(120, "24px;"), (121, "17px; font-weight: normal;")])
def test_long_message_is_no_headline(texts, length, size):
    page = texts.email("reminder", Reader(), [Item(message="x" * length, occurrence=NINE)]).html
    assert f"font-size: {size} line-height" in page


@pytest.mark.parametrize(("kind", "locale"), EVERY)
@pytest.mark.parametrize("message", HOSTILE.values(), ids=HOSTILE)
def test_written_text_is_escaped(texts, kind, locale, message):
    url = f'https://example.org/?q="><script>{message[:9]}'
    item = Item(message=message, occurrence=NINE, url=url)
    reader = Reader(locale=locale, time_zone="Asia/Kathmandu")
    email = texts.email(kind, reader, [item, PLANTS])
    push = texts.push(kind, reader, [item, PLANTS])

    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u202a-\u202e]", email.subject + push.title)
    assert len(email.subject) <= 120
    for text in (email.text, email.html, push.body):
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", text)
    assert len(push.body.encode()) <= LARGEST_BODY + 3
    assert len(json.dumps(vars(email), ensure_ascii=False).encode()) < 262_144
    page = Page(email.html)
    assert page.tags <= {
        *("html", "head", "meta", "title", "style", "body", "main", "footer"),
        *("h1", "p", "ul", "li", "span", "strong", "a"),
    }
    assert set(page.links()) <= {PLANTS.url}
    assert not [name for name, _ in page.attributes if name.startswith("on")]


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "//example.org/",
        "ftp://example.org/",
        "https://",
        "https://exa mple.org/",
        "https://example.org/\nSet-Cookie: a",
        'https://example.org/"onclick="x',
        "https://[bad/",
        "https://example.org/" + "x" * 2_048,
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_only_web_addresses_are_linked(texts, kind, url):
    email = texts.email(kind, Reader(unsubscribe_url=url), [Item(**{**vars(BREAD), "url": url})])
    assert Page(email.html).links() == []
    assert url not in email.text


@pytest.mark.parametrize("kind", KINDS)
def test_valid_reminder_urls_are_linked(texts, kind):
    url = "https://example.org/-._~:/?#[]@!$&'()*+,;=%20"  # all that RFC 3986 allows
    email = texts.email(kind, Reader(), [Item(**{**vars(BREAD), "url": url})])
    assert (Page(email.html).links(), url in email.text) == ([url], True)


def test_long_digest_is_shortened(texts):
    short = texts.email("digest", Reader(), [BREAD] * 250)
    assert short.subject == "250 reminders"
    assert short.text.count("* Bake bread") == 100
    assert "\nAnd 150 more.\n" in short.text
    assert "And 150 more." in short.html

    address = "https://example.org/" + "&" * 2_000
    long = texts.email(
        "digest", Reader(), [Item(message='"' * 999, occurrence=NINE, url=address)] * 90
    )
    assert 20_000 < long.size <= 100_000
    shown = long.text.count("* ")
    assert shown == 5
    assert f"\nAnd {90 - shown} more.\n" in long.text


def test_push_of_many_names_a_few(texts):
    assert texts.push("digest", Reader(locale="de"), [BREAD] * 7) == PushText(
        title="7 Erinnerungen", body="17:00 Bake bread\n" * 5 + "Und 2 weitere."
    )


@pytest.mark.parametrize(
    ("locale", "time_zone", "when"),
    [
        ("de", "Europe/Berlin", "Dienstag, 1. Januar 2030, 10:00 Uhr (MEZ)"),
        ("de-AT", "Europe/Vienna", "Dienstag, 1. Jänner 2030, 10:00 Uhr (MEZ)"),
        ("de_at", "Europe/Vienna", "Dienstag, 1. Jänner 2030, 10:00 Uhr (MEZ)"),
        ("en-GB", "Asia/Kathmandu", "Tuesday, 1 January 2030 at 14:45 (GMT+05:45)"),
        ("en", "America/New_York", "Tuesday, January 1, 2030 at 4:00\u202fAM (EST)"),
        ("fr-CA", "America/Toronto", "mardi 1 janvier 2030 à 04 h 00 (HNE)"),
        (
            "es-419",
            "America/Bogota",
            "martes, 1 de enero de 2030, 4:00\u202fa.m. (GMT-05:00)",
        ),
        ("nl", "Europe/Amsterdam", "dinsdag 1 januari 2030 om 10:00 uur (CET)"),
        ("ja-JP", "Asia/Tokyo", "Tuesday, January 1, 2030 at 6:00\u202fPM (GMT+09:00)"),
        ("", "No/Where", "Tuesday, January 1, 2030 at 9:00\u202fAM (UTC)"),
        ("../../etc", "../../etc/passwd", "Tuesday, January 1, 2030 at 9:00\u202fAM (UTC)"),
    ],
)
def test_times_are_the_readers_own(texts, locale, time_zone, when):
    email = texts.email("reminder", Reader(locale=locale, time_zone=time_zone), [PLANTS])
    assert email.text.splitlines()[2] == when


def test_page_declares_language_and_direction(texts):
    assert (
        '<html lang="nl" dir="ltr">' in texts.email("urgent", Reader(locale="nl-BE"), [BREAD]).html
    )


def test_summer_and_winter_time_are_distinguished(texts):
    july = Item(message="Swim", occurrence=datetime(2030, 7, 1, 8, tzinfo=UTC))
    reader = Reader(locale="de", time_zone="Europe/Berlin")
    assert "1. Juli 2030, 10:00 Uhr (MESZ)" in texts.email("reminder", reader, [july]).text


MISSED = {
    "de": ("Eine frühere wurde verpasst.", "3 frühere wurden verpasst."),
    "en": ("And 1 earlier one was missed.", "And 3 earlier ones were missed."),
    "es": ("Se perdió una anterior.", "Se perdieron 3 anteriores."),
    "fr": ("Une précédente a été manquée.", "3 précédentes ont été manquées."),
    "nl": ("Eén eerdere is gemist.", "3 eerdere zijn gemist."),
}


@pytest.mark.parametrize("kind", ["reminder", "urgent"])
@pytest.mark.parametrize("locale", LOCALES)
def test_texts_mention_missed_occurrences(texts, kind, locale):
    reader = Reader(locale=locale)
    for missed, sentence in zip((1, 3), MISSED[locale], strict=True):
        items = [BREAD.model_copy(update={"missed": missed})]
        assert texts.push(kind, reader, items).body == f"Bake bread\n{sentence}"
        email = texts.email(kind, reader, items)
        assert sentence in email.text.splitlines()
        assert sentence in email.html
    assert texts.push(kind, reader, [BREAD]).body == "Bake bread"


def test_texts_use_zone_of_notification(texts):
    reader = Reader(time_zone="America/New_York")
    items = [BREAD.model_copy(update={"occurrence": NINE, "time_zone": "Europe/Berlin"})]
    assert "10:00\u202fAM (GMT+01:00)" in texts.email("reminder", reader, items).text
    assert "4:00\u202fAM (EST)" in texts.email("reminder", reader, [PLANTS]).text


@pytest.mark.parametrize("family", ["👩‍👩‍👧‍👦", "🏳️‍🌈", "🇩🇪", "e\u0301\u0302"])
def test_cuts_fall_between_graphemes(family):
    for longest in range(1, 60):
        kept = cut(family * 40, longest)
        assert len(kept) <= longest
        assert kept.removesuffix("…").replace(family, "") == ""
        kept = cut_bytes(family * 40, longest + 3)
        assert len(kept.encode()) <= longest + 3
        assert kept.removesuffix("…").replace(family, "") == ""
    assert cut(family, 60) == cut_bytes(family, 60) == family
