"""The rotation of the mail server's password: e-mails wait for the new one, and arrive once."""

import base64
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.rehearsals.account import Account
from tests.rehearsals.documented import commands
from tests.rehearsals.environment import PATIENCE, Environment, environment
from tests.rehearsals.users import User
from tests.services.notification_service.mail_server import MailServer, mail_server
from tests.waiting import eventually

pytestmark = [pytest.mark.integration, pytest.mark.rehearsal]
PAGE, HEADING = "docs/how-to/rotate.md", "Mail server"
REFUSAL = "535 5.7.8 wrong password"
WAITING = [f"waits {number}" for number in range(3)]


@pytest.mark.timeout(1800)
def test_refused_emails_arrive_once(
    aws: Account, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    with (
        sandbox(aws),  # SES accepts no e-mail, so the mail server gets all
        mail_server(tmp_path, encrypted=True) as mail,
        environment(tmp_path / "stack", aws, "mail") as stack,
    ):
        stack.configure({"herald:workloadEnvironment": {"SSL_CERT_FILE": str(mail.certificate)}})
        set_password(stack, mail, "old")
        stack.up()
        user = User(stack, "ada")
        remind(user, "with the old one")
        eventually(lambda: arrivals(mail) == ["with the old one"], PATIENCE)

        mail.answers[login("old")] = REFUSAL
        remind(user, *WAITING)
        eventually(lambda: mail.commands.count(login("old")) > len(WAITING), PATIENCE)
        set_password(stack, mail, "new")
        seconds = stack.up()
        remind(user, "with the new one")
        wanted = ["with the old one", *WAITING, "with the new one"]
        eventually(lambda: {*arrivals(mail)} == {*wanted}, 2 * PATIENCE)
        assert login("new") in mail.commands
        eventually(lambda: outcomes(user) == {"notification:delivered": len(wanted)}, PATIENCE)
        assert Counter(arrivals(mail)) == Counter(wanted)
        assert stack.differences() == []
    record_property("e-mails refused, lost and repeated", (len(WAITING), 0, 0))
    record_property("seconds of the update", seconds)


@contextmanager
def sandbox(aws: Account) -> Iterator[None]:
    """Return the account to the sandbox of SES for a while."""
    details = {"MailType": "TRANSACTIONAL", "WebsiteURL": "https://example.org"}
    ses = aws.client("sesv2")
    ses.put_account_details(ProductionAccessEnabled=False, **details)
    try:
        yield
    finally:
        ses.put_account_details(ProductionAccessEnabled=True, **details)


def set_password(stack: Environment, mail: MailServer, password: str) -> None:
    """Set the address of the mail server by the command of the page."""
    found = commands(PAGE, HEADING, "pulumi", prod=stack.name)
    [command] = [each for each in found if each[0] == "config"]
    stack.succeed(*command, input=f"smtps://ada:{password}@localhost:{mail.port}")
    stack.read_settings()


def login(password: str) -> str:
    answer = base64.b64encode(f"\0ada\0{password}".encode()).decode()
    return f"AUTH PLAIN {answer}"


def remind(user: User, *messages: str) -> None:
    for message in messages:
        user.remind_soon(f"[{message}]", notifyType="email")


def arrivals(mail: MailServer) -> list[str]:
    found = [re.search(r"\[([\w ]+)\]", text) for text in [*mail.messages]]
    return [each[1] for each in found if each]


def outcomes(user: User) -> Counter[str]:
    """Count the results of deliveries in the timelines of all reminders."""
    types = [type_ for id in user.reminders() for _, type_ in user.timeline(id)]
    ends = ("notification:delivered", "notification:failed")
    return Counter(each for each in types if each in ends)
