"""The command that shows texts."""

import json
from functools import cache

import pytest
from notification_service import preview as command
from notification_service.preview import main
from notification_service.templates import PARTS, Templates

compile_once = cache(Templates)


@pytest.fixture(autouse=True)
def shared_templates(monkeypatch):
    monkeypatch.setattr(command, "Templates", compile_once)


@pytest.fixture
def preview(capsys):
    def run(*arguments):
        main(arguments)
        return capsys.readouterr().out

    return run


def test_every_template_is_shown(preview):
    for kind, locales in Templates().kinds().items():
        for locale in locales:
            for channel in PARTS:
                assert preview(kind, locale, channel)


def test_email_has_text_and_page(preview):
    text = preview("urgent", "de", "email", "--time-zone", "Europe/Berlin")
    assert text.startswith("Dringend: Water the plants\n\n")
    assert "1. Januar 2030, 10:00 Uhr (MEZ)" in text
    page = preview("digest", "fr", "email", "--html")
    assert page.startswith("<!DOCTYPE html>")
    assert "2 rappels" in page


def test_own_items_are_shown(preview, tmp_path):
    items = [{"message": "Feed <cats>", "occurrence": "2030-05-01T09:30:00+02:00"}]
    file = tmp_path / "items.json"
    file.write_text(json.dumps(items))
    assert preview("reminder", "en", "push", "--items", str(file)) == "Reminder\n\nFeed <cats>\n"
    assert "Feed &lt;cats&gt;" in preview("reminder", "en", "email", "--html", "--items", str(file))


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("birthday", "en", "email"), "invalid choice: 'birthday'"),
        (("reminder", "tlh", "email"), "expected a locale of de, en, es, fr, nl"),
        (("reminder", "en", "fax"), "invalid choice: 'fax'"),
        (
            ("reminder", "en", "email", "--time-zone", "Mars"),
            "Expected an IANA time zone such as Europe/Paris. Got Mars.",
        ),
        (("reminder", "en", "email", "--items", "/none"), "expected a JSON list of items in /none"),
    ],
)
def test_mistakes_are_named(capsys, arguments, problem):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert problem in capsys.readouterr().err
