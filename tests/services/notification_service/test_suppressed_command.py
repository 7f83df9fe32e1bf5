"""The command that looks after suppressed addresses."""

import json

import pytest
from notification_service import suppressed_command
from notification_service.device_store import PostgresSuppressedAddresses

pytestmark = pytest.mark.integration


@pytest.fixture
def command(engine, monkeypatch, capsys):
    monkeypatch.setattr(suppressed_command, "create_database_engine", lambda settings: engine)
    monkeypatch.setattr(suppressed_command, "read_settings", lambda settings: None)
    for one in PostgresSuppressedAddresses(engine).oldest(1000):
        PostgresSuppressedAddresses(engine).remove(one.address)

    def run(*arguments):
        suppressed_command.main(arguments)
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return run


def test_addresses_are_listed_and_removed(command, engine):
    for address in ("Ada@example.org", "bob@example.org", "eve@example.org"):
        PostgresSuppressedAddresses(engine).add(address, "BOUNCED")
    listed = command("list", "--limit", "2")
    assert [(one["address"], one["reason"]) for one in listed] == [
        ("ada@example.org", "BOUNCED"),
        ("bob@example.org", "BOUNCED"),
    ]
    assert command("remove", "--address", "ADA@example.org") == [{"address": "ADA@example.org"}]
    assert [one["address"] for one in command("list")] == ["bob@example.org", "eve@example.org"]


def test_unknown_address_is_refused(command):
    with pytest.raises(SystemExit) as ended:
        command("remove", "--address", "nobody@example.org")
    assert ended.value.code == (
        "Expected a suppressed address; got another one. `list` prints all of them."
    )
