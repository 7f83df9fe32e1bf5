import email
import email.policy
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from notification_service.errors import Misconfigured, OutcomeUnknown, Refused, RetryLater
from notification_service.ses_email import Email
from notification_service.smtp_email import SmtpEmail, SmtpServer, message_of

from tests.services.notification_service.examples import EMAIL_TEXT, OCCURRENCE
from tests.services.notification_service.mail_server import mail_server

SENDER = "reminders@example.org"
EMAIL = Email(to="ada@example.org", text=EMAIL_TEXT, occurrence_id=OCCURRENCE)


@pytest.fixture
def mail(tmp_path):
    with mail_server(tmp_path) as mail:
        yield mail


def smtp(mail, scheme="smtp", user="ada:pa%3Ass@"):
    url = f"{scheme}://{user}localhost:{mail.port}"
    return SmtpEmail(SmtpServer.parse(url), sender=SENDER, tls=mail.tls)


def test_email_has_everything_from_reminder(tmp_path):
    with mail_server(tmp_path) as mail:
        identity = smtp(mail).send(EMAIL)
    assert identity == f"<{OCCURRENCE}@example.org>"
    (text,) = mail.messages
    message = email.message_from_string(
        "".join(line.removeprefix(".") for line in text.splitlines(keepends=True)),
        policy=email.policy.default,
    )
    assert message.get_content_type() == "multipart/alternative"
    del message["Date"], message["Content-Type"]
    assert dict(message.items()) == {
        "Message-ID": identity,
        "From": SENDER,
        "To": "ada@example.org",
        "Subject": "Plants 🌱",
        "X-Entity-Ref-ID": str(OCCURRENCE),
        "Auto-Submitted": "auto-generated",
        "MIME-Version": "1.0",
    }
    parts = [
        (part.get_content_type(), part.get_content().replace("\r\n", "\n"))
        for part in message.iter_parts()
    ]
    assert parts == [("text/plain", EMAIL_TEXT.text), ("text/html", EMAIL_TEXT.html)]
    assert mail.commands == [
        "ehlo example.org",
        "STARTTLS",
        "ehlo example.org",
        "AUTH PLAIN AGFkYQBwYTpzcw==",
        "mail FROM:<reminders@example.org>",
        "rcpt TO:<ada@example.org>",
        "data",
        "QUIT",
    ]


def test_unsubscribe_link_stays_on_one_line(mail):
    link = "https://herald.test/unsubscribe?token=" + "aB-_" * 200
    smtp(mail).send(replace(EMAIL, unsubscribe_url=link))
    lines = mail.messages[0].splitlines()
    assert f"List-Unsubscribe: <{link}>" in lines
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in lines


words = st.sampled_from(["Größe", "für", "anrufen,", "(bitte)", "🌱", "=?utf-8?q?x?=", "x" * 90])


@given(st.lists(words, min_size=1, max_size=20))
def test_subject_arrives_unchanged(words):
    text = replace(EMAIL_TEXT, subject=" ".join(words))
    sent = message_of(replace(EMAIL, text=text), SENDER).as_bytes()
    assert sent.isascii()
    assert email.message_from_bytes(sent, policy=email.policy.default)["Subject"] == text.subject


def test_dot_line_does_not_end_message(mail):
    smtp(mail, "smtp+plain", user="").send(EMAIL)
    assert "Water\r\n..\r\nthe plants\r\n" in mail.messages[0]


def test_implicit_tls_is_supported(tmp_path):
    with mail_server(tmp_path, encrypted=True) as mail:
        smtp(mail, "smtps").send(EMAIL)
        assert len(mail.messages) == 1


def test_untrusted_server_gets_no_password(tmp_path):
    with mail_server(tmp_path) as mail:
        url = f"smtp://ada:secret@localhost:{mail.port}"
        with pytest.raises(Misconfigured):
            SmtpEmail(SmtpServer.parse(url), sender=SENDER).send(EMAIL)
    assert mail.commands == ["ehlo example.org", "STARTTLS"]


@pytest.mark.parametrize(
    ("verb", "answer", "expected"),
    [
        ("CONNECT", "421 busy", RetryLater),
        ("CONNECT", "554 not you", Misconfigured),
        ("CONNECT", "", RetryLater),
        ("EHLO", "250 test", Misconfigured),
        ("AUTH", "535 5.7.8 wrong password", Misconfigured),
        ("AUTH", "454 4.7.0 later", RetryLater),
        ("MAIL", "550 5.7.1 not your address", Misconfigured),
        ("MAIL", "", RetryLater),
        ("RCPT", "450 4.2.0 greylisted", RetryLater),
        ("RCPT", "550 5.7.1 relaying denied", Misconfigured),
        ("RCPT", "550 5.1.1 no such user", Refused),
        ("DATA", "451 4.3.0 later", RetryLater),
        ("DATA", "554 5.6.0 no", Refused),
        (".", "452 4.3.1 disk full", RetryLater),
        (".", "554 5.7.1 looks like spam", Misconfigured),
        (".", "", OutcomeUnknown),
    ],
)
def test_each_answer_has_its_word(mail, verb, answer, expected):
    mail.answers[verb] = answer
    with pytest.raises(expected) as caught:
        smtp(mail).send(EMAIL)
    assert type(caught.value) is expected
    assert "ada" not in str(caught.value)


def test_a_forwarded_address_is_accepted(mail):
    mail.answers["RCPT"] = "251 will forward"
    smtp(mail).send(EMAIL)
    assert len(mail.messages) == 1


def test_unavailable_server_is_retried(mail, tmp_path):
    gone = SmtpServer(host="localhost", port=1, security="none")
    with pytest.raises(RetryLater) as caught:
        SmtpEmail(gone, sender=SENDER).send(EMAIL)
    assert type(caught.value) is RetryLater


@pytest.mark.parametrize("address", ["ödön@example.org", "a,b@example.org", "a>@example.org"])
def test_unencodable_address_is_refused_before_sending(mail, address):
    with pytest.raises(Refused):
        smtp(mail).send(replace(EMAIL, to=address))
    assert mail.commands == []


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtps://mail.test", SmtpServer(host="mail.test", port=465, security="tls")),
        ("smtp://mail.test/", SmtpServer(host="mail.test", port=587, security="starttls")),
        ("smtp+plain://[::1]:2525", SmtpServer(host="::1", port=2525, security="none")),
        (
            "smtps://a%40b:c%2Fd@mail.test:1465",
            SmtpServer(host="mail.test", port=1465, security="tls", user="a@b", password="c/d"),
        ),
    ],
)
def test_an_address_names_a_server(url, server):
    assert SmtpServer.parse(url) == server


@pytest.mark.parametrize(
    "url",
    ["", "mail.test", "http://mail.test", "smtp://", "smtp://mail.test:port",
     "smtp+plain://ada:secret@mail.test", "smtp://mail.test/path", "smtp://[mail.test"],
)  # fmt: skip
def test_invalid_server_is_refused_without_value(url):
    with pytest.raises(Misconfigured, match="SMTP_URL must be the address") as caught:
        SmtpServer.parse(url)
    assert "secret" not in str(caught.value)
