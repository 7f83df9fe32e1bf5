"""Databases, tables, queues and keys stay; one of them may go, for a reason, up to a day."""

from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest

from stacks.exports import export
from stacks.protection import DATA
from stacks.reminder_platform import reminder_platform
from stacks.stack_file import ConfigError, parse
from stacks.unlock import DataName
from tests.stacks.stack_files import (
    SECRET_KEYS,
    STACKS,
    as_engine,
    config_of,
    foundation_of,
    with_secrets,
)

TODAY = datetime.now(UTC).date()
REASON = "Moves the events to a table with another key"
KEPT = {"event", "event-dead-letters", "notification", "notification-dead-letters"} | {
    "event-store",
    "messages",
    "postgres",
}
OF_A_FUNCTION = {"notification-scheduler-dead-letters"}


def unlocked(stack, **changed):
    """The configuration of a stack with an unlock in it."""
    unlock = {"resource": "event-store", "until": str(TODAY), "reason": REASON, **changed}
    values = {**with_secrets(stack), "herald:unlock": unlock}
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
def test_what_holds_data_is_locked_where_the_configuration_says(platform, stack):
    locked = {
        resource.name.removeprefix(f"{stack}-")
        for resource in platform(stack).resources
        if resource.protect or resource.retain_on_delete
    }
    assert locked == (KEPT if stack in ("staging", "prod") else set())
    assert all(
        resource.protect == resource.retain_on_delete for resource in platform(stack).resources
    )


@pytest.mark.parametrize("stack", STACKS)
def test_aws_itself_keeps_the_database_and_the_table(platform, stack):
    deployment, protected = platform(stack), config_of(stack).deletion_protection
    assert protected is (stack in ("staging", "prod"))
    table = deployment.one("aws:dynamodb/table:Table")
    assert table.inputs["deletionProtectionEnabled"] is protected
    for server in deployment.all("aws:rds/instance:Instance"):
        assert server.inputs["deletionProtection"] is protected


def test_the_names_that_can_be_unlocked_are_those_that_are_locked(platform):
    assert set(data(platform("prod"), "prod")) == KEPT
    assert set(data(platform("dev"), "dev")) == KEPT | OF_A_FUNCTION
    assert set(get_args(DataName)) == KEPT | OF_A_FUNCTION


@pytest.mark.parametrize("name", ["event-store", "postgres", "event"])
def test_an_unlock_opens_the_resource_that_it_names_and_no_other(deploy, name):
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
def test_an_unlock_lasts_to_the_end_of_its_day(days):
    until = TODAY + timedelta(days=days)
    assert unlocked("prod", until=str(until)).unlock.until == until


@pytest.mark.parametrize("written", ["{day}", "{day} 00:00:00 +0000 UTC"])
def test_its_day_may_be_written_with_or_without_quotes(written):
    """The second form is what the engine makes of a day without quotes."""
    assert unlocked("prod", until=written.format(day=TODAY)).unlock.until == TODAY


@pytest.mark.parametrize("until", ["tomorrow", "2026-13-01", 20261201])
def test_what_is_no_day_is_refused(until):
    sentence = refusal(until=until)
    assert sentence.startswith("Pulumi.prod.yaml: herald:unlock.until is wrong: expected ")


@pytest.mark.parametrize("days", [-1, 15, 400])
def test_an_unlock_that_has_expired_or_lasts_too_long_is_refused(days):
    until = TODAY + timedelta(days=days)
    assert refusal(until=str(until)) == (
        f"Pulumi.prod.yaml: herald:unlock.until is wrong: expected a day from {TODAY} to "
        f'{TODAY + timedelta(days=14)}, or no unlock at all, came "{until}".'
    )


def test_an_unlock_of_what_is_unknown_is_refused():
    sentence = refusal(resource="event-sore")
    assert sentence.startswith("Pulumi.prod.yaml: herald:unlock.resource is wrong: expected ")
    assert all(f"'{name}'" in sentence for name in get_args(DataName))
    assert sentence.endswith(', came "event-sore".')


def test_an_unlock_says_why():
    assert refusal(reason="because") == (
        "Pulumi.prod.yaml: herald:unlock.reason is wrong: "
        'expected to have at least 10 characters, came "because".'
    )


def test_an_unlock_where_nothing_is_locked_is_refused_without_telling_a_secret():
    sentence = refusal("dev")
    assert sentence.startswith(
        "Pulumi.dev.yaml: herald:unlock is wrong: "
        "expected no unlock, for deletionProtection is false, came "
    )
    assert "credentials" not in sentence
