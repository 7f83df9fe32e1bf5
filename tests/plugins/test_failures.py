"""What is left when AWS refuses half-way."""

from collections.abc import Callable
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2, status_pb2

from plugins.aws.sns import Topic
from plugins.errors import RefusedByService
from plugins.values import decode, encode

pytestmark = pytest.mark.integration

TOPIC, ROLE = "aws:sns/topic:Topic", "aws:iam/role:Role"
URN = f"urn:pulumi:local::herald::{TOPIC}::half-made"


def test_refusal_names_type_operation_and_code(aws: Any) -> None:
    role = {"name": "refused", "assumeRolePolicy": '{"Statement": []}'}
    aws.create(ROLE, "first", **role)
    sentence = "aws:iam/role:Role 'second': iam rejected CreateRole with EntityAlreadyExists: "
    with pytest.raises(Exception, match=sentence):
        aws.create(ROLE, "second", **role)


def test_resource_of_failed_completion_is_recorded(
    aws: Any, client: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise RefusedByService("sns rejected SetTopicAttributes with Throttled: too fast")

    monkeypatch.setattr(Topic, "complete", refuse)
    told: list[tuple[str, bytes]] = []
    context = RecordingContext(told)
    inputs = aws.checked(TOPIC, "half-made", {"displayName": "Half"})
    request = provider_pb2.CreateRequest(urn=URN, properties=encode(inputs))
    with pytest.raises(RefusedByService):
        aws.servicer.Create(request, context)

    failed = provider_pb2.ErrorResourceInitFailed()
    status_pb2.Status.FromString(dict(told)["grpc-status-details-bin"]).details[0].Unpack(failed)
    assert failed.id in {each["TopicArn"] for each in client("sns").list_topics()["Topics"]}
    assert decode(failed.properties)[0]["displayName"] == "Half"
    assert [*failed.reasons] == [
        f"{TOPIC} 'half-made': sns rejected SetTopicAttributes with Throttled: too fast"
    ]


def test_update_of_missing_resource_is_reported(aws: Any, client: Callable[[str], Any]) -> None:
    made = aws.create("aws:ses/emailIdentity:EmailIdentity", "gone", email="gone@example.org")
    client("ses").delete_identity(Identity=made.id)
    with pytest.raises(Exception, match="'gone@example.org' no longer exists; run `pulumi"):
        aws.update(made, email="gone@example.org")
    aws.delete(made)


class RecordingContext:
    def __init__(self, told: list[tuple[str, bytes]]) -> None:
        self._told = told

    def set_trailing_metadata(self, metadata: tuple[tuple[str, bytes], ...]) -> None:
        self._told.extend(metadata)

    def abort(self, code: Any, details: str) -> None:
        raise RefusedByService(details)
