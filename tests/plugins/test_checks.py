"""What the provider says and fills in before anything is made."""

from typing import Any

import pytest

from plugins.aws.package import resource_type
from plugins.sdk import resource_schema
from plugins.values import UNKNOWN
from tests.plugins.served import SERVED

QUEUE, TOPIC = "aws:sqs/queue:Queue", "aws:sns/topic:Topic"
SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"


@pytest.mark.parametrize("token", SERVED)
def test_declared_properties_exist_in_the_sdk(token: str) -> None:
    declared, schema = resource_type(token), resource_schema("pulumi_aws", token)
    inputs = {*schema.inputs}
    assert declared.served <= inputs
    assert {*schema.required} <= declared.served
    kinds = [declared.replaced_by, declared.computed, declared.unreadable]
    for names in (*kinds, declared.defaults, declared.forms, *declared.conflicts):
        assert {*names} <= declared.served


def test_property_names_match_the_installed_sdk() -> None:
    from pulumi._types import input_type_py_to_pulumi_names
    from pulumi_aws import dynamodb

    schema = resource_schema("pulumi_aws", "aws:dynamodb/table:Table")
    names = input_type_py_to_pulumi_names(dynamodb.TableArgs)
    assert {*schema.inputs} == {*names.values()}
    members = input_type_py_to_pulumi_names(dynamodb.TableTtlArgs)
    assert {*schema.nested("TableTtlArgs")} == {*members.values()}


def test_unknown_property_suggests_nearest_name(offline: Any) -> None:
    _, failures = offline.check(TOPIC, "events", {"dispalyName": "Events"})
    told = 'aws:sns/topic:Topic has no property "dispalyName"; did you mean "displayName"?'
    assert failures == {"dispalyName": told}


def test_unsupported_property_is_refused_by_name(offline: Any) -> None:
    _, failures = offline.check(TOPIC, "events", {"archivePolicy": "{}"})
    assert [*failures] == ["archivePolicy"]
    assert 'the local provider does not support "archivePolicy"' in failures["archivePolicy"]


def test_unknown_member_is_refused_by_path(offline: Any) -> None:
    table = {"hashKey": "id", "billingMode": "PAY_PER_REQUEST", "ttl": {"attribute": "expiresAt"}}
    _, failures = offline.check("aws:dynamodb/table:Table", "store", table)
    told = 'aws:dynamodb/table:Table ttl has no property "attribute"; did you mean "attributeName"?'
    assert failures == {"ttl.attribute": told}


@pytest.mark.parametrize(
    ("inputs", "sentence"),
    [
        (
            {"visibilityTimeoutSeconds": "60"},
            "\"visibilityTimeoutSeconds\" must be a whole number; got '60'",
        ),
        ({"fifoQueue": 1}, '"fifoQueue" must be true or false; got 1'),
        ({"delaySeconds": True}, '"delaySeconds" must be a whole number; got True'),
        ({"tags": ["a"]}, "\"tags\" must be a map; got ['a']"),
        ({"tags": {"a": 1}}, '"tags.a" must be text; got 1'),
    ],
)
def test_value_of_wrong_type_is_refused(
    offline: Any, inputs: dict[str, Any], sentence: str
) -> None:
    _, failures = offline.check(QUEUE, "events", inputs)
    assert [*failures.values()] == [f"aws:sqs/queue:Queue {sentence}"]


def test_conflicting_properties_are_refused(offline: Any) -> None:
    _, failures = offline.check(QUEUE, "q", {"kmsMasterKeyId": "k", "sqsManagedSseEnabled": True})
    told = "aws:sqs/queue:Queue takes only one of "
    assert failures == {
        "kmsMasterKeyId": f'{told}"kmsMasterKeyId" and "sqsManagedSseEnabled"; remove the other'
    }


def test_missing_required_property_is_named(offline: Any) -> None:
    _, failures = offline.check(SUBSCRIPTION, "s", {"protocol": "sqs", "topic": "arn"})
    told = f'{SUBSCRIPTION} needs the property "endpoint"; set it'
    assert failures == {"endpoint": told}


def test_misspelt_type_is_refused(offline: Any) -> None:
    with pytest.raises(Exception, match="pulumi_aws has no resource type aws:sns/topik:Topik"):
        offline.check("aws:sns/topik:Topik", "t", {})


def test_defaults_match_the_official_plugin(offline: Any) -> None:
    inputs = offline.checked(QUEUE, "events", {"name": "events"})
    assert inputs == {
        "name": "events",
        "contentBasedDeduplication": False,
        "delaySeconds": 0,
        "fifoQueue": False,
        "maxMessageSize": 262144,
        "messageRetentionSeconds": 345600,
        "receiveWaitTimeSeconds": 0,
        "visibilityTimeoutSeconds": 30,
        "__defaults": [
            "contentBasedDeduplication",
            "delaySeconds",
            "fifoQueue",
            "maxMessageSize",
            "messageRetentionSeconds",
            "receiveWaitTimeSeconds",
            "visibilityTimeoutSeconds",
        ],
    }


def test_generated_name_is_kept(offline: Any) -> None:
    first = offline.checked(QUEUE, "local-event", {})
    assert first["name"][:12] == "local-event-"
    assert len(first["name"]) == len("local-event-") + 7
    again = offline.checked(QUEUE, "local-event", {"delaySeconds": 3}, first)
    assert again["name"] == first["name"]


def test_generated_name_fits_limit_and_suffix(offline: Any) -> None:
    name = offline.checked(QUEUE, "q" * 100, {"fifoQueue": True})["name"]
    assert len(name) == 80
    assert name.endswith(".fifo")
    assert offline.checked("aws:kms/alias:Alias", "a", {"targetKeyId": "k"})["name"][:8] == (
        "alias/a-"
    )


def test_preview_leaves_unknown_outputs_open(offline: Any) -> None:
    state = offline.preview(
        QUEUE, "events", {"name": "events", "kmsMasterKeyId": UNKNOWN, "tags": {"a": UNKNOWN}}
    )
    assert state["name"] == "events"
    assert state["visibilityTimeoutSeconds"] == 30
    open_properties = {"arn", "url", "kmsMasterKeyId", "policy", "redrivePolicy"}
    assert {name for name in state if state[name] is UNKNOWN} >= open_properties
    assert state["tags"] == {"a": UNKNOWN}


def test_default_tags_are_part_of_tags(offline: Any) -> None:
    tags = '{"tags": {"app": "herald", "team": "none"}}'
    offline.configure(region="eu-central-1", defaultTags=tags)
    inputs = offline.checked(TOPIC, "events", {"tags": {"team": "a"}})
    assert inputs["tags"] == {"app": "herald", "team": "a"}


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"profile": "dev"}, 'provider aws: the local stand-in does not support "profile"'),
        ({"regoin": "eu"}, 'provider aws has no property "regoin"; did you mean "region"?'),
        (
            {"region": "eu-central-1", "endpoints": [{"sns": "https://sns.amazonaws.com"}]},
            "the endpoint of sns is 'https://sns.amazonaws.com'; use the official plugin",
        ),
        (
            {"region": "eu-central-1", "endpoints": [{"snss": "http://127.0.0.1:1"}]},
            'provider aws endpoints has no property "snss"; did you mean "sns"?',
        ),
        ({"region": "eu-central-1", "endpoints": "sns"}, "endpoints must be a list of objects"),
    ],
)
def test_unknown_provider_setting_is_refused(
    offline: Any, settings: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(Exception, match=sentence):
        offline.configure(**settings)


def test_configuration_without_endpoint_calls_nothing(
    offline: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with pytest.raises(Exception, match='needs an endpoint for "sqs"'):
        offline.create(QUEUE, "events")


def test_unreachable_emulator_is_one_sentence(offline: Any) -> None:
    with pytest.raises(Exception, match="sns does not answer at http://127.0.0.1:1; start the"):
        offline.create(TOPIC, "events")


def test_unsupported_function_is_refused(offline: Any) -> None:
    with pytest.raises(Exception, match="does not support the function aws:ec2/getVpc:getVpc"):
        offline.invoke("aws:ec2/getVpc:getVpc")
    assert offline.invoke("aws:index/getRegion:getRegion")["name"] == "eu-central-1"


def test_versions_of_addons_are_described(offline: Any) -> None:
    arguments = {"addonName": "metrics-server", "kubernetesVersion": "1.36"}
    assert offline.invoke("aws:eks/getAddonVersion:getAddonVersion", **arguments) == {
        **arguments,
        "id": "metrics-server",
        "version": "AWS's default for 1.36",
    }
