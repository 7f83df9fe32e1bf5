"""Databases, tables, queues and keys stay; one of them may go, for a reason, up to a day."""

from datetime import date, timedelta

import pulumi
import pytest

from review.resource_types import TYPES
from stacks.config import unlock
from stacks.config.project import PROJECT
from stacks.config.stack_file import ConfigError, parse
from stacks.outputs.exports import export
from stacks.platform.reminder_platform import reminder_platform
from stacks.protection import DATA
from tests.stacks.stack_files import (
    SECRET_KEYS,
    STACKS,
    as_engine,
    config_of,
    foundation_of,
    with_secrets,
)

TODAY = date(2026, 12, 24)
REASON = "Moves the events to a table with another key"
KEPT = {"event", "event-dead-letters", "notification", "notification-dead-letters"} | {
    "event-store",
    "messages",
    "postgres",
}
OF_A_FUNCTION = {"notification-scheduler-dead-letters"}


@pytest.fixture(autouse=True)
def fixed_day(monkeypatch):
    monkeypatch.setattr(unlock, "today", lambda: TODAY)


def test_stacks_lock_all_types_with_data():
    assert DATA == {name for name, each in TYPES.items() if each.data}


def unlocked(stack, **changed):
    """The configuration of a stack with an unlock in it."""
    given = {"resource": "event-store", "until": str(TODAY), "reason": REASON, **changed}
    values = {**with_secrets(stack), f"{PROJECT}:unlock": given}
    return parse(stack, as_engine(values), set(SECRET_KEYS))


def refusal(stack="prod", **changed):
    with pytest.raises(ConfigError) as error:
        unlocked(stack, **changed)
    return str(error.value)


def data(deployment, stack):
    return {
        resource.name.removeprefix(f"{stack}-"): resource
        for resource in deployment.resources
        if resource.type in DATA
    }


@pytest.mark.parametrize("stack", STACKS)
def test_data_is_protected_by_configuration(platform, stack):
    """AWS keeps the key of every server that leaves a last snapshot."""
    resources = platform(stack).resources
    locked = {each.name.removeprefix(f"{stack}-") for each in resources if each.protect}
    left = {each.name.removeprefix(f"{stack}-") for each in resources if each.retain_on_delete}
    kept = set(data(platform(stack), stack))
    assert kept >= KEPT - ({"postgres"} if stack == "local" else set())
    assert locked == (kept if stack in ("staging", "prod") else set())
    assert left == locked | ({"messages"} if config_of(stack).database.rds else set())


@pytest.mark.parametrize("stack", STACKS)
def test_aws_protects_database_and_table(platform, stack):
    deployment, protected = platform(stack), config_of(stack).deletion_protection
    assert protected is (stack in ("staging", "prod"))
    for table in deployment.all("aws:dynamodb/table:Table"):
        assert table.inputs["deletionProtectionEnabled"] is protected
    for server in deployment.all("aws:rds/instance:Instance"):
        assert server.inputs["deletionProtection"] is protected


def test_only_data_can_be_unlocked(platform):
    assert set(data(platform("prod"), "prod")) >= KEPT
    assert set(data(platform("dev"), "dev")) >= KEPT | OF_A_FUNCTION


@pytest.mark.parametrize("name", ["event-store", "postgres", "event"])
def test_unlock_opens_only_named_resource(deploy, name):
    config = unlocked("prod", resource=name)
    deployment = deploy(
        lambda: export(reminder_platform(config)), stack="prod", lookups=foundation_of("prod")
    )
    found = data(deployment, "prod")
    assert {each for each in found if not found[each].protect} == {name}
    assert {each for each in found if not found[each].retain_on_delete} == {name}
    tags = {each: found[each].inputs.get("tags") for each in found}
    assert tags == {**dict.fromkeys(found), name: {"unlocked-until": str(TODAY)}}
    table, server = found["event-store"].inputs, found["postgres"].inputs
    assert table["deletionProtectionEnabled"] is (name != "event-store")
    assert server["deletionProtection"] is (name != "postgres")


@pytest.mark.parametrize("days", [0, 14])
def test_unlock_lasts_until_its_day_ends(days):
    until = TODAY + timedelta(days=days)
    assert unlocked("prod", until=str(until)).unlock.until == until


@pytest.mark.parametrize("written", ["{day}", "{day} 00:00:00 +0000 UTC"])
def test_unlock_day_may_be_quoted(written):
    """The second form is what the engine makes of a day without quotes."""
    assert unlocked("prod", until=written.format(day=TODAY)).unlock.until == TODAY


@pytest.mark.parametrize("until", ["tomorrow", "2026-13-01", 20261201])
def test_what_is_no_day_is_refused(until):
    sentence = refusal(until=until)
    assert sentence.startswith(f"Pulumi.prod.yaml: {PROJECT}:unlock.until is wrong: expected ")


@pytest.mark.parametrize("days", [-1, 15, 400])
def test_expired_or_long_unlock_is_refused(days):
    until = TODAY + timedelta(days=days)
    assert refusal(until=str(until)) == (
        f"Pulumi.prod.yaml: {PROJECT}:unlock.until is wrong: expected a day from {TODAY} to "
        f'{TODAY + timedelta(days=14)}; remove an expired unlock; got "{until}".'
    )


def test_unlock_of_unknown_resource_is_refused(deploy, platform):
    config = unlocked("prod", resource="event-sore")
    with pytest.raises(pulumi.RunError) as refused:
        deploy(lambda: reminder_platform(config), stack="prod", lookups=foundation_of("prod"))
    known = ", ".join(sorted(data(platform("prod"), "prod")))
    assert str(refused.value) == (
        f'{PROJECT}:unlock.resource is wrong: expected one of {known}; got "event-sore".'
    )


def test_an_unlock_says_why():
    assert refusal(reason="because") == (
        f"Pulumi.prod.yaml: {PROJECT}:unlock.reason is wrong: "
        'expected to have at least 10 characters; got "because".'
    )


def test_needless_unlock_is_refused_without_secrets():
    sentence = refusal("dev")
    assert sentence.startswith(
        f"Pulumi.dev.yaml: {PROJECT}:unlock is wrong: "
        "expected no `unlock`, because deletionProtection is false; got "
    )
    assert "credentials" not in sentence
