"""The stored template is a frame: what it makes of a text is that text, by SES and by SMTP."""

import json
import re
from uuid import UUID

import pytest
from moto.ses.template import parse_template
from notification_service.ses_email import Email, template_data
from notification_service.smtp_email import message_of
from notification_service.texts import EmailText

from local.aws_server.templates import LARGEST_DATA
from local.aws_server.templates import template_data as read_by_ses
from stacks.platform.mail import FRAME

PARTS = {"subject": FRAME.subject, "text": FRAME.text, "html": FRAME.html}
TEXTS = [
    EmailText(subject="Tea", text="Drink tea\n", html="<h1>Drink tea</h1>\n"),
    EmailText(
        subject="{{text}} & <b>{{{html}}}</b>",
        text='{{#if url}}{{#each items}}{{/if}} "quoted" \\ {{ \u202f👋🏽\n',
        html="<p>{{subject}} &lt;script&gt; {{{{raw}}}} {{> partial}}</p>\n",
    ),
]


def test_service_gives_every_frame_variable():
    asked = {name for part in PARTS.values() for name in re.findall(r"{{(\w+)}}", str(part))}
    assert asked == set(json.loads(template_data(TEXTS[0])))


@pytest.mark.parametrize("text", TEXTS)
def test_ses_and_smtp_send_the_same(text):
    data = read_by_ses(template_data(text))
    by_ses = {name: parse_template(str(part), data) for name, part in PARTS.items()}
    assert by_ses == vars(text)

    email = Email(to="ada@example.org", text=text, occurrence_id=UUID(int=1))
    message = message_of(email, "reminders@example.org")
    plain, page = message.iter_parts()
    by_smtp = (message["Subject"], plain.get_content(), page.get_content())
    assert by_smtp == tuple(by_ses.values())


def test_largest_text_fits_ses():
    text = EmailText(subject="", text='"' * 50_000, html="\\" * 50_000)
    assert len(template_data(text)) < LARGEST_DATA == 262_144
