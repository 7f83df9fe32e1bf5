"""The rotation of secrets while users create reminders: no reminder is lost, nothing differs."""

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from local.environment import PROJECT
from local.identities import fcm_credentials, pem
from local.token_issuer import AUDIENCE, TokenIssuer
from tests.rehearsals.account import Account, inbox_at
from tests.rehearsals.documented import commands
from tests.rehearsals.environment import PATIENCE, Environment, environment
from tests.rehearsals.users import User
from tests.services.processes import free_port
from tests.waiting import eventually

pytestmark = [pytest.mark.integration, pytest.mark.rehearsal]
PAGE, PASSWORDS, FIREBASE = "docs/how-to/rotate.md", "Passwords of databases", "Firebase key"
NIGHTLY = re.findall(r"--exclude '(.+?)'", (PROJECT / ".github/workflows/drift.yml").read_text())
DEVICE = "valid-phone-of-ada"


@pytest.mark.timeout(1800)
def test_rotated_secrets_serve(
    aws: Account, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    address = f"http://127.0.0.1:{free_port()}"
    old, new = (make_keys(tmp_path / age, address) for age in ("old", "new"))
    with environment(tmp_path / "stack", aws, "rotate") as stack:
        both = f"--credentials={new.firebase}"
        with inbox_at(address, old.firebase, both, *issuer(address, old)):
            stack.configure(settings_of(address, old))
            stack.up()
            user = User(stack, "ada")
            user.headers = bearer(address, old)
            user.register(DEVICE)
            link = unsubscribe_link(user)
            first, migrations = stack.output("databases"), stack.objects.all("Job")
            with user.reminding() as messages:
                renew_administrator(aws)
                assert stack.differences(*(f"--exclude={urn}" for urn in NIGHTLY)) == []
                seconds = [stack.up()]
                assert stack.objects.all("Job") != migrations  # they read the new password
                assert stack.differences() == []

                set_firebase_key(stack, new)
                rotate(stack, "2026-12", 2)
                seconds += [stack.up()]
                assert [opens(one) for one in first.values()] == [True] * 3
                assert answer(stack, link) == 200

                rotate(stack, "2027-01", 3)
                seconds += [stack.up()]
                assert [opens(one) for one in first.values()] == [False] * 3
                assert answer(stack, link) == 422
            eventually(lambda: {*messages} <= {*pushes(address)}, PATIENCE)
            assert Counter(pushes(address)) == Counter(messages)
        with inbox_at(address, new.firebase, *issuer(address, new)):
            user.headers = bearer(address, new)
            eventually(lambda: is_known(user), PATIENCE)  # services fetch keys every 30 seconds
            user.remind_soon("with new keys")
            eventually(lambda: pushes(address) == ["with new keys"], PATIENCE)
        assert stack.differences() == []
    record_property("reminders due, lost and repeated", (len(messages), 0, 0))
    record_property("seconds of the updates", seconds)


class Keys(NamedTuple):
    firebase: Path
    issuer: Path


def make_keys(folder: Path, address: str) -> Keys:
    folder.mkdir()
    keys = Keys(folder / "firebase-key.json", folder / "issuer-key.pem")
    keys.firebase.write_text(fcm_credentials(f"{address}/token"))
    keys.issuer.write_bytes(pem(ec.generate_private_key(ec.SECP256R1())))
    return keys


def issuer(address: str, keys: Keys) -> list[str]:
    return [f"--issuer={address}/identity", f"--issuer-key={keys.issuer}"]


def settings_of(address: str, keys: Keys) -> dict[str, Any]:
    return {
        "herald:push": {"url": address, "credentials": {"fromFile": str(keys.firebase)}},
        "herald:identity": {"issuer": f"{address}/identity", "audience": AUDIENCE},
    }


def bearer(address: str, keys: Keys) -> dict[str, str]:
    signer = TokenIssuer.read(f"{address}/identity", keys.issuer)
    return {"Authorization": f"Bearer {signer.token('ada', 'ada@example.org')}"}


def is_known(user: User) -> bool:
    url = f"{user.platform.url('reminder-service')}/reminders"
    return httpx.get(url, headers=user.headers).is_success


def renew_administrator(aws: Account) -> None:
    """Rotate the managed password, as RDS does every seven days."""
    aws.client("rds").modify_db_instance(
        DBInstanceIdentifier="rotate-postgres",
        RotateMasterUserPassword=True,
        ApplyImmediately=True,
    )


def set_firebase_key(stack: Environment, keys: Keys) -> None:
    [command] = configuration(FIREBASE, prod=stack.name)
    assert command[-2:] == ["<", "firebase-key.json"]
    stack.succeed(*command[:-2], input=keys.firebase.read_text())


def rotate(stack: Environment, text: str, number: int) -> None:
    """Prepare new passwords of databases and a new key of links."""
    [command] = configuration(PASSWORDS, **{"prod": stack.name, "2026-12": text})
    stack.succeed(*command)
    stack.read_settings()
    stack.configure({"herald:email": {"unsubscribeKeyNumber": number}})


def configuration(heading: str, **names: str) -> list[list[str]]:
    return [each for each in commands(PAGE, heading, "pulumi", **names) if each[0] == "config"]


def opens(connection: dict[str, Any]) -> bool:
    names = {"dbname": "name", "host": "host", "password": "password", "port": "port"}
    given = {name: connection[key] for name, key in {**names, "user": "user"}.items()}
    try:
        psycopg.connect(**given).close()
    except psycopg.OperationalError:
        return False
    return True


def unsubscribe_link(user: User) -> str:
    """Return path and query of the link in a new e-mail."""
    user.remind_soon("by e-mail", notifyType="email")
    found = eventually(lambda: emails(user.platform.account.inbox), PATIENCE)
    address = urlsplit(found[0]["data"]["headers"]["List-Unsubscribe"].strip("<>"))
    return f"{address.path}?{address.query}"


def answer(stack: Environment, link: str) -> int:
    return httpx.get(f"{stack.url('notification-service')}{link}").status_code


def pushes(inbox: str) -> list[str]:
    found = httpx.get(f"{inbox}/api/messages", params={"channel": "push", "to": DEVICE}).json()
    return [each["body"] for each in found]


def emails(inbox: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = httpx.get(
        f"{inbox}/api/messages", params={"channel": "email", "to": "ada@example.org"}
    ).json()
    return found
