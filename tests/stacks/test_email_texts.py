"""The texts of the reminder ask for nothing that the service does not give."""

import html
import re
from datetime import UTC, datetime
from uuid import UUID

import pytest
from moto.ses.template import parse_template
from notification_service.ses_email import Email, template_data

from stacks.storage import TEXTS

SUBJECT = "{{subject}}"


def given(message="Water <the> plants", url=None):
    occurrence = datetime(2030, 5, 1, 9, 30, tzinfo=UTC)
    return template_data(
        Email(
            to="a@b.example",
            message=message,
            occurrence=occurrence,
            occurrence_id=UUID(int=1),
            url=url,
        )
    )


@pytest.mark.parametrize("part", ["html", "text"])
def test_every_variable_is_given_by_the_service(part):
    text = (TEXTS / f"reminder.{part}").read_text()
    asked = set(re.findall(r"{{(?:#if )?(\w+)}}", text)) | {"subject"}
    assert asked <= set(given())


@pytest.mark.parametrize("part", ["html", "text"])
def test_message_and_date_are_shown_and_a_link_only_when_there_is_one(part):
    text = (TEXTS / f"reminder.{part}").read_text()
    bare = parse_template(text, given())
    linked = parse_template(text, given(url="https://example.com/?a=1&b=2"))
    assert "1 May 2030 at 09:30 UTC" in bare
    assert "plants" in bare
    assert "example.com" not in bare
    assert "https://example.com/?a=1" in linked


def test_a_message_cannot_add_to_the_page():
    page = parse_template((TEXTS / "reminder.html").read_text(), given("<script>alert(1)</script>"))
    assert "<script>" not in page
    assert html.escape("<script>alert(1)</script>") in page
