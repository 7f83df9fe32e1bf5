"""The fixture that other tests stand on."""

import asyncio
import gc

import pulumi
import pulumi_random
import pytest
from pulumi_aws import get_caller_identity, get_caller_identity_output, sns, sqs

from review.simulation.trial import Incomplete


class Pair(pulumi.ComponentResource):
    def __init__(self, name: str) -> None:
        super().__init__("test:Pair", name)
        child = pulumi.ResourceOptions(parent=self, protect=True)
        topic = sns.Topic(name, opts=child)
        self.queue = sqs.Queue(name, tags={"topic": topic.arn}, opts=child)
        self.register_outputs({"url": self.queue.url})


def test_resources_have_parents_and_resolved_outputs(deploy):
    deployment = deploy(lambda: Pair("event"))
    queue = deployment.one("aws:sqs/queue:Queue", "event")
    assert queue.inputs == {
        "tags": {"topic": "arn:aws:sns:eu-central-1:123456789012:event-1a2b3c4"}
    }
    assert queue.parent == ("test:Pair", "event")
    assert queue.protect
    assert queue.depends_on == (("aws:sns/topic:Topic", "event"),)
    assert deployment.one("test:Pair").outputs == {
        "url": "https://sqs.eu-central-1.amazonaws.com/123456789012/event-1a2b3c4"
    }
    assert deployment.one("test:Pair").parent == ("pulumi:pulumi:Stack", "herald-dev")


def test_missing_resource_lists_existing_ones(deploy):
    deployment = deploy(lambda: Pair("event"))
    with pytest.raises(AssertionError, match=r"aws:sqs/queue:Queue other.*aws:sns/topic:Topic"):
        deployment.one("aws:sqs/queue:Queue", "other")


def test_exports_are_resolved_with_secrets_known(deploy):
    def program() -> None:
        password = pulumi_random.RandomPassword("admin", length=32)
        pulumi.export("password", password.result)
        pulumi.export("plain", pulumi.Config().require("colour"))
        pulumi.export("stack", pulumi.get_stack())

    deployment = deploy(program, stack="prod", config={"herald:colour": "red"})
    assert deployment.exports == {
        "password": "password-of-admin",
        "plain": "red",
        "stack": "prod",
    }
    assert deployment.secret_exports == {"password"}


def test_an_unexpected_lookup_fails(deploy):
    with pytest.raises(Exception, match="unexpected lookup: aws:index/getCallerIdentity"):
        deploy(lambda: get_caller_identity())


def test_unexpected_lookup_of_output_fails(deploy):
    with pytest.raises(Exception, match="unexpected lookup: aws:sqs/queue:Queue"):
        deploy(lambda: sqs.Queue.get("other", "https://other"))


def test_an_announced_lookup_is_answered(deploy):
    def program() -> None:
        pulumi.export("account", get_caller_identity_output().account_id)

    answer = {"aws:index/getCallerIdentity:getCallerIdentity": {"accountId": "1"}}
    assert deploy(program, lookups=answer).exports == {"account": "1"}


def test_a_logged_warning_fails(deploy):
    with pytest.raises(Incomplete, match="beware"):
        deploy(lambda: pulumi.log.warn("beware"))


def test_program_error_is_raised(deploy):
    def program() -> None:
        Pair("event")
        raise ValueError("wrong size")

    with pytest.raises(ValueError, match="wrong size"):
        deploy(program)


def test_an_error_inside_apply_comes_through(deploy):
    def program() -> None:
        Pair("event").queue.url.apply(lambda url: int(url))

    with pytest.raises(ValueError, match="invalid literal"):
        deploy(program)


def open_loops() -> set[int]:
    """The loops that are not closed; other tests of the session may hold some of their own."""
    gc.collect()
    loops = [o for o in gc.get_objects() if isinstance(o, asyncio.AbstractEventLoop)]
    return {id(loop) for loop in loops if not loop.is_closed()}


def test_run_leaves_no_loop_or_settings(deploy):
    before, others = pulumi.runtime.settings.SETTINGS.stack, open_loops()
    deploy(lambda: Pair("event"))
    assert open_loops() <= others
    assert pulumi.runtime.settings.SETTINGS.stack == before
