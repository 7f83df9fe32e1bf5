"""AWS services publish and deliver only where policies of topics, queues and keys admit them."""

import json
from collections.abc import Iterator
from typing import NamedTuple

import pytest
import yaml

from local.aws_server.policies import Request, statements_of
from review.simulation.simulated_outputs import ACCOUNT, REGION
from tests.stacks.stack_files import STACKS, config_of

TOPIC, QUEUE = "aws:sns/topic:Topic", "aws:sqs/queue:Queue"
USE_OF_KEY = ("kms:GenerateDataKey", "kms:Decrypt")


class Delivery(NamedTuple):
    service: str
    source: str  # ARN
    action: str
    target: str  # ARN


def deliveries(deployment) -> Iterator[Delivery]:
    for each in deployment.all("aws:sns/topicSubscription:TopicSubscription"):
        if each.inputs["protocol"] == "sqs":
            letters = json.loads(each.inputs["redrivePolicy"])["deadLetterTargetArn"]
            for queue in (each.inputs["endpoint"], letters):
                yield Delivery("sns", each.inputs["topic"], "sqs:SendMessage", queue)
    for each in deployment.all("aws:ses/eventDestination:EventDestination"):
        name = each.inputs["configurationSetName"]
        source = f"arn:aws:ses:{REGION}:{ACCOUNT}:configuration-set/{name}"
        topic = each.inputs["snsDestination"]["topicArn"]
        yield Delivery("ses", source, "sns:Publish", topic)
    for each in deployment.all("aws:cloudwatch/metricAlarm:MetricAlarm"):
        for topic in each.inputs["alarmActions"]:
            yield Delivery("cloudwatch", each.outputs["arn"], "sns:Publish", topic)
    for each in deployment.all("aws:amp/alertManagerDefinition:AlertManagerDefinition"):
        alertmanager = yaml.safe_load(each.inputs["definition"])["alertmanager_config"]
        workspace = f"arn:aws:aps:{REGION}:{ACCOUNT}:workspace/{each.inputs['workspaceId']}"
        for receiver in yaml.safe_load(alertmanager)["receivers"]:
            for topic in receiver["sns_configs"]:
                yield Delivery("aps", workspace, "sns:Publish", topic["topic_arn"])


def policies(deployment) -> dict[str, str]:
    """Return the policies of topics, queues and keys by ARN."""
    urls = {each.outputs["url"]: each.outputs["arn"] for each in deployment.all(QUEUE)}
    found = {
        each.inputs["arn"]: each.inputs["policy"]
        for each in deployment.all("aws:sns/topicPolicy:TopicPolicy")
    }
    for each in deployment.all("aws:sqs/queuePolicy:QueuePolicy"):
        found[urls[each.inputs["queueUrl"]]] = each.inputs["policy"]
    for each in deployment.all("aws:kms/key:Key"):
        found[each.outputs["arn"]] = each.inputs["policy"]
    return found


def requests(deployment, account: str) -> Iterator[tuple[str, Request]]:
    """Yield what each delivery asks of its target, and of the key of the target."""
    keys = {
        each.outputs["arn"]: each.inputs.get("kmsMasterKeyId")
        for each in (*deployment.all(TOPIC), *deployment.all(QUEUE))
    }
    for each in deliveries(deployment):
        context = {
            "aws:SourceArn": [each.source.replace(ACCOUNT, account)],
            "aws:SourceAccount": [account],
            "aws:SecureTransport": ["true"],
        }
        service = f"{each.service}.amazonaws.com"
        yield service, Request(each.action, each.target, context)
        for action in USE_OF_KEY if keys[each.target] else ():
            yield service, Request(action, keys[each.target], context)


def effects(document: str, account: str, service: str, request: Request) -> set[str]:
    """Evaluate a policy; simulated ARNs have another account than the stack file."""
    own = Request(request.action, request.resource.replace(ACCOUNT, account), request.context)
    return {
        each.effect
        for each in statements_of(document.replace(ACCOUNT, account))
        if each.has_principal("Service", {service}) and each.applies_to(own)
    }


@pytest.mark.parametrize("stack", STACKS)
def test_targets_admit_services(platform, stack):
    deployment, account = platform(stack), config_of(stack).account
    known = policies(deployment)
    asked = list(requests(deployment, account))
    services = {"sns", "ses", "cloudwatch", *([] if stack == "local" else ["aps"])}
    assert {service.removesuffix(".amazonaws.com") for service, _ in asked} == services
    refused = [
        (service, request.action, request.resource)
        for service, request in asked
        if effects(known[request.resource], account, service, request) != {"Allow"}
    ]
    assert refused == []


@pytest.mark.parametrize("stack", STACKS)
def test_targets_admit_no_other_source(platform, stack):
    deployment, account = platform(stack), config_of(stack).account
    known = policies(deployment)
    foreign = {
        "aws:SourceArn": [f"arn:aws:sns:{REGION}:999999999999:other"],
        "aws:SourceAccount": ["999999999999"],
        "aws:SecureTransport": ["true"],
    }
    admitted = [
        (service, request.action, request.resource)
        for service, request in requests(deployment, account)
        if effects(known[request.resource], account, service,
                   Request(request.action, request.resource, foreign))
    ]  # fmt: skip
    assert admitted == []
