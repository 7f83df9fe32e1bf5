"""Services may do what their roles allow; the roles allow little more than these tests use."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import httpx
import pytest

from tests.waiting import eventually

pytestmark = pytest.mark.usefixtures("stories")

MINIMUM = "DynamoDB documents it as a minimum for a customer key"
READINESS = "services that `herald new service` makes are ready once their table answers"
UNDELIVERABLE = "for messages that SNS cannot deliver"
# Permissions that no test uses, with the reason why roles and AWS services keep them.
UNUSED = {
    ("event-service", "dynamodb:DescribeTable", "table/event-store"): READINESS,
    ("reminder-service", "dynamodb:DescribeTable", "table/event-store"): READINESS,
    ("event-service", "kms:Encrypt", "key"): MINIMUM,
    ("event-service", "kms:DescribeKey", "key"): MINIMUM,
    ("reminder-service", "kms:Encrypt", "key"): MINIMUM,
    ("reminder-service", "kms:DescribeKey", "key"): MINIMUM,
    ("reminder-service", "dynamodb:Query", "table/event-store"): "only its index is queried yet",
    (
        "notification-service",
        "sqs:ChangeMessageVisibility",
        "notification",
    ): "postpones messages while its database is away",
    ("sns.amazonaws.com", "sqs:SendMessage", "event-dead-letters"): UNDELIVERABLE,
    ("sns.amazonaws.com", "sqs:SendMessage", "notification-dead-letters"): UNDELIVERABLE,
}


@pytest.fixture
def developer(platform) -> Iterator[Callable[[str], Any]]:
    clients = []

    def client(service: str) -> Any:
        clients.append(
            boto3.client(
                service,
                endpoint_url=platform.shell["AWS_ENDPOINT_URL"],
                region_name=platform.shell["AWS_REGION"],
                aws_access_key_id="local",
                aws_secret_access_key="local",
            )
        )
        return clients[-1]

    yield client
    for each in clients:
        each.close()


@contextmanager
def forbidden(iam: Any, service: str, action: str) -> Iterator[str]:
    """Take an action from the role of a service; yield the name of the role."""
    names = [role["RoleName"] for role in iam.list_roles()["Roles"]]
    [role] = [name for name in names if name.startswith(f"local-{service}-")]
    [policy] = iam.list_role_policies(RoleName=role)["PolicyNames"]
    document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
    own = {"RoleName": role, "PolicyName": policy}
    less = json.dumps(document).replace(f'"{action}", ', "")
    assert json.loads(less) != document
    iam.put_role_policy(**own, PolicyDocument=less)
    try:
        yield role
    finally:
        iam.put_role_policy(**own, PolicyDocument=json.dumps(document))


def test_missing_permission_delays_events(platform, developer):
    person = platform.person()
    with forbidden(developer("iam"), "event-service", "dynamodb:PutItem") as role:
        reminder = person.remind("Ask for permission", platform.soon(3600))
        refusal = f"assumed-role/{role}/.* is not authorized to perform: dynamodb:PutItem"
        eventually(
            lambda: re.search(refusal, platform.kubectl("logs", "deployment/local-event-service"))
        )

    def stored() -> bool:
        path = f"/reminders/{reminder['id']}/events"
        events = platform.reminders.get(path, headers=person.headers).json()["items"]
        return "reminder:created" in {event["type"] for event in events}

    eventually(stored, seconds=60)


@pytest.mark.parametrize("name", ["event", "notification"])
def test_services_move_unusable_messages(platform, developer, name):
    queue, sqs = platform.outputs()["queues"][name], developer("sqs")
    sqs.send_message(QueueUrl=queue["url"], MessageBody="no event")
    letters = {"QueueUrl": queue["dead_letters_url"], "WaitTimeSeconds": 20}
    [letter] = sqs.receive_message(**letters)["Messages"]
    sqs.delete_message(QueueUrl=queue["dead_letters_url"], ReceiptHandle=letter["ReceiptHandle"])
    assert letter["Body"] == "no event"


def test_roles_have_few_unused_permissions(platform):
    report = httpx.get(f"{platform.shell['AWS_ENDPOINT_URL']}/permissions").json()["permissions"]
    unused = {
        (plain(each["principal"]), each["action"], plain(each["resource"]))
        for each in report
        if not each["used"]
    }
    assert {plain(each["principal"]) for each in report} == {
        "event-service",
        "notification-scheduler",
        "notification-service",
        "reminder-service",
        "ses.amazonaws.com",
        "sns.amazonaws.com",
    }
    assert unused == UNUSED.keys(), "give a reason, add a test, or remove the permission"


def plain(name: str) -> str:
    """Return a name or the end of an ARN without the stack's prefix and Pulumi's suffix."""
    name = name.rpartition(":")[2].removeprefix("local-").replace("/local-", "/")
    return "key" if name.startswith("key/") else re.sub(r"-[0-9a-f]{7}(?=$|/)", "", name)
