"""A second environment in one account leaves the first alone, while it runs and when it goes."""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.rehearsals.account import REGISTRY, Account
from tests.rehearsals.documented import commands, settings
from tests.rehearsals.environment import PATIENCE, Environment, environment
from tests.rehearsals.users import User
from tests.waiting import eventually

pytestmark = [pytest.mark.integration, pytest.mark.rehearsal]
GUIDE, PAGE, REMOVE = (
    "docs/how-to/add-an-environment.md",
    "docs/runbooks/remove.md",
    "Remove an environment",
)
ELSEWHERE = ("herald:foundation", "kubernetes:context")  # there is no cluster
AHEAD = timedelta(seconds=65)  # a reminder is due in more than a minute
ARRIVED = {
    "valid-first": ["to first"],
    "valid-second": ["to second"],
    "ada@example.org": ["to first", "to second"],
}
Record = Callable[[str, object], None]


@pytest.mark.timeout(1800)
def test_first_environment_stays_as_it_is(
    aws: Account, tmp_path: Path, record_property: Record
) -> None:
    with (
        environment(tmp_path / "first", aws, "first") as first,
        environment(tmp_path / "second", aws, "second") as second,
    ):
        first.configure({"herald:images": {"registry": REGISTRY, "repositories": {}}})
        first.up()
        second.configure({"herald:images": {"repositories": {}}})
        second.configure(added_settings())
        record_property("seconds to add the environment", second.up())
        users = [remind(each) for each in (first, second)]
        kept = [each.reminders() for each in users]
        with suppress(AssertionError):
            eventually(lambda: arrivals(aws) == ARRIVED, AHEAD.seconds + PATIENCE)
        assert arrivals(aws) == ARRIVED
        assert first.differences() == second.differences() == []
        assert arrivals(aws) == ARRIVED
        record_property("reminders of each environment", [len(each) for each in kept])

        second.configure(settings(PAGE, REMOVE))
        up, destroy = commands(PAGE, REMOVE, "pulumi", dev="second")
        second.succeed(*up, "--yes")
        second.destroy(*destroy)
        assert first.differences() == []
        assert users[0].reminders() == kept[0]


def added_settings() -> dict[str, Any]:
    """Return the settings of the guide, with the name and account of this environment."""
    text = settings(
        GUIDE,
        "2. Describe the platform",
        registry=f"{REGISTRY}/second",
        **{"herald:namespace": "second", "herald:prefix": "second-"},
    )
    return {key: value for key, value in text.items() if key not in ELSEWHERE}


def remind(stack: Environment) -> User:
    """Create a reminder for the device and one for the address of a user."""
    user = User(stack, "ada")
    user.register(f"valid-{stack.name}")
    for channel in ("push", "email"):
        user.expect(f"to {stack.name}", datetime.now(UTC) + AHEAD, channel)
    return user


def arrivals(aws: Account) -> dict[str, list[str]]:
    """Return the texts of reminders in all messages of the inbox, by their recipients."""
    found: dict[str, list[str]] = {}
    for each in httpx.get(f"{aws.inbox}/api/messages").json():
        if each["to"] in ARRIVED:
            found.setdefault(each["to"], []).extend(
                re.findall(r"to (?:first|second)\b", each["body"])
            )
    return {to: sorted(texts) for to, texts in found.items()}
