"""The guide for your own services, followed in a clean copy of the checkout.

The copy updates the running platform with a copy of its state: it adds the service `invoices`, and
replaces event-service by a program in Perl. Afterwards the platform is as it was.
"""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import boto3
import psycopg
import pytest

from local.environment import PROJECT, Environment
from local.provisioning import STACK
from tests.checkout_copy import CheckoutCopy, lines
from tests.waiting import eventually

pytestmark = pytest.mark.disruptive
NEW = ["new", "service", "invoices", "--queue", "events", "--table", "invoices", "--database"]
TARGETS = ("invoice", "event-service", "notification-migration")
PASSING = shutil.ignore_patterns("backups", "history", "locks")  # of a state's folder


class Checkout(CheckoutCopy):
    """Provisions from a copy of the stack's state."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        shutil.copytree(PROJECT / ".local" / "stacks", folder / "stacks", ignore=PASSING)
        self.environment |= Environment.from_variables().shell()
        self.environment["PULUMI_BACKEND_URL"] = f"file://{folder}/stacks"

    def replace_event_service(self) -> None:
        folder = self.folder / "services" / "event-service"
        shutil.rmtree(folder)
        shutil.copytree(Path(__file__).parent / "own_service", folder)

    def update(self) -> None:
        """Update the parts that this copy changes."""
        targets = [f"--target=**{name}**" for name in TARGETS]
        self.run("pulumi", "up", "--stack", STACK, "--yes", "--skip-preview", *targets)

    def restore(self) -> None:
        lines(self.folder, "git", "checkout", "--quiet", "--", ".")
        lines(self.folder, "git", "clean", "--quiet", "--force", "-d")
        self.update()
        with self.connection("postgres") as connection:
            connection.execute("DROP DATABASE IF EXISTS invoices WITH (FORCE)")
            roles = connection.execute("SELECT rolname FROM pg_roles WHERE rolname ~ '^invoices'")
            for [role] in roles.fetchall():
                connection.execute(f'DROP ROLE "{role}"')

    def connection(self, database: str) -> psycopg.Connection:
        server = self.environment["DATABASE_ADMIN_URL"].rpartition("/")[0]
        return psycopg.connect(f"{server}/{database}", autocommit=True)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    made = Checkout(tmp_path_factory.mktemp("own-services"))
    made.python("operations", *NEW)
    made.replace_event_service()
    try:
        made.update()
        yield made
    finally:
        made.restore()


@pytest.fixture(scope="module")
def user(checkout, platform) -> str:
    """Return a user whose reminder is an event for both services."""
    person = platform.person()
    person.remind("Pay the invoice", platform.soon(3600))
    return person.name


def stored(platform, table: str, user: str) -> list[dict]:
    client = boto3.client(
        "dynamodb",
        endpoint_url=platform.shell["AWS_ENDPOINT_URL"],
        region_name=platform.shell["AWS_REGION"],
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    [name] = [name for name in client.list_tables()["TableNames"] if name.startswith(table)]
    return [item for item in client.scan(TableName=name)["Items"] if user in json.dumps(item)]


def test_new_service_keeps_events(checkout, platform, user):
    [item] = eventually(lambda: stored(platform, "local-invoices", user))
    assert json.loads(item["event"]["S"])["type"] == "reminder:created"
    with checkout.connection("invoices") as connection:
        rows = connection.execute("SELECT id::text, type FROM events").fetchall()
    assert (item["id"]["S"], "reminder:created") in rows


def test_replaced_service_keeps_events(platform, user):
    [item] = eventually(lambda: stored(platform, "local-event-store", user))
    assert (item["type"]["S"], item["language"]["S"]) == ("reminder:created", "Perl")
