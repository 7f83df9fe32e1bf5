"""One resource is unlocked, destroyed and made again, while the others stay locked."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.rehearsals.account import Account
from tests.rehearsals.documented import commands, settings
from tests.rehearsals.environment import environment
from tests.rehearsals.users import User

pytestmark = [pytest.mark.integration, pytest.mark.rehearsal]
PAGE = "docs/how-to/take-down.md"


@pytest.mark.timeout(1800)
def test_unlocked_table_is_made_again(aws: Account, tmp_path: Path) -> None:
    with environment(tmp_path / "stack", aws, "unlock") as stack:
        stack.up()
        user = User(stack, "ada")
        old = user.create("kept")
        own = {"dev": "unlock", "'**dev-event-store'": "**unlock-event-store"}
        [destroy] = [
            each for each in commands(PAGE, "Locks", "pulumi", **own) if "--target" in each
        ]
        assert "it is protected" in stack.refusal(*destroy)

        tomorrow = f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%d}"
        stack.configure(settings(PAGE, "Locks", until=tomorrow))
        stack.up()
        stack.succeed(*destroy, "--yes")
        stack.roll_out()
        stack.configure({"herald:unlock": None})
        stack.up()
        assert user.reminders() == {old: "kept"}
        assert user.timeline(old) == []
        user.create("afterwards")
        assert stack.differences() == []
