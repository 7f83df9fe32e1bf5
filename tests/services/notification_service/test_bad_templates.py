"""A bad template costs a text its language, never its delivery, and somebody is told."""

from pathlib import Path

import pytest
from notification_service.metrics import start_text_counters
from notification_service.templates import PARTS, Templates
from notification_service.texts import Item, PushText, Reader, Texts
from prometheus_client import REGISTRY

from tests.services.notification_service.examples import NINE

BREAD = Item(message="Bake bread", occurrence=NINE)


def fail_the_test(kind: str, locale: str, channel: str) -> None:
    raise AssertionError(f"{kind}/{locale}/{channel} failed")


@pytest.fixture
def failures() -> list[tuple[str, str, str]]:
    return []


@pytest.fixture
def folder(tmp_path) -> Path:
    for locale in ("en", "de", "de-AT"):
        for channel in PARTS:
            for part in PARTS[channel]:
                file = tmp_path / "reminder" / locale / f"{channel}.{part}"
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(f"{locale} {{{{ item.message }}}}")
    return tmp_path


@pytest.fixture
def write(folder, failures):
    def write(**files: str) -> Texts:
        for name, text in files.items():
            locale, _, part = name.partition("_")
            path = folder / "reminder" / locale / f"email.{part}"
            path.write_text(text)
        return Texts(Templates(folder), lambda *names: failures.append(names))

    return write


@pytest.mark.parametrize(
    "bad",
    [
        "{{ nowhere }}",
        "{{ item.nothing }}",
        "{{ 1 // 0 }}",
        "{{ item.message.missing() }}",
        "{% if %}",
        "{% include 'nowhere' %}",
        "{{ ''.__class__.__mro__ }}",
        "{{ items.append(1) }}",
    ],
)
def test_the_next_best_language_is_used(write, failures, bad):
    texts = write(de_text=bad)
    assert texts.email("reminder", Reader(locale="de"), [BREAD]).text == "en Bake bread\n"
    assert failures == [("reminder", "de", "email")]
    assert texts.push("reminder", Reader(locale="de"), [BREAD]).body == "de Bake bread"


def test_variant_falls_back_to_its_language(folder, failures):
    (folder / "reminder" / "de-AT" / "email.html").unlink()
    texts = Texts(Templates(folder), lambda *names: failures.append(names))
    assert texts.email("reminder", Reader(locale="de-AT"), [BREAD]).subject == "de Bake bread"
    assert failures == [("reminder", "de-AT", "email")]


def test_missing_templates_send_plain_message(write, failures):
    texts = write(en_subject="{{ nowhere }}", de_subject="{{ nowhere }}")
    item = Item(message="<Bake>\nbread", occurrence=NINE, url="https://example.org/?a&b")
    email = texts.email("reminder", Reader(locale="de"), [item])
    assert email.subject == "<Bake> bread"
    assert email.text == "<Bake>\nbread\nhttps://example.org/?a&b\n"
    assert email.html == (
        '<pre style="white-space: pre-wrap">'
        "&lt;Bake&gt;\nbread\nhttps://example.org/?a&amp;b</pre>\n"
    )
    assert failures == [("reminder", "de", "email"), ("reminder", "en", "email")]


def test_an_unknown_kind_is_still_delivered(folder):
    texts = Texts(Templates(folder), fail_the_test)
    assert texts.push("birthday", Reader(), [BREAD]) == PushText(
        title="Reminder", body="Bake bread"
    )


def test_a_failure_is_counted_and_logged(folder, write, caplog):
    def count() -> float:
        labels = {"kind": "reminder", "locale": "de", "channel": "email"}
        return REGISTRY.get_sample_value("text_template_failures_total", labels) or 0.0

    before = count()
    write(de_text="{{ nowhere }}")
    Texts(Templates(folder)).email("reminder", Reader(locale="de"), [BREAD])
    assert count() == before + 1
    [record] = [one for one in caplog.records if one.message == "template failed"]
    assert record.reason == "UndefinedError: 'nowhere' is undefined"


def test_each_text_counter_starts_with_zero():
    names = {"zero": ["en", "de"]}
    start_text_counters(names)
    for locale in names["zero"]:
        for channel in PARTS:
            labels = {"kind": "zero", "locale": locale, "channel": channel}
            assert REGISTRY.get_sample_value("text_template_failures_total", labels) == 0
