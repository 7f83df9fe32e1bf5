"""One argument gives a service settings, secrets and permissions."""

from dataclasses import replace

import pulumi
import pytest
from herald_infra.container_service import ContainerService
from herald_infra.restricted_pod import Environment
from herald_infra.subscribed_queue import SubscribedQueue, SubscribedQueueArgs
from herald_infra.topic import Topic
from herald_infra.use import Use, UseError, combine_uses

from tests.infra.test_container_service import ARGS

POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
SQS = "https://sqs.eu-central-1.amazonaws.com/123456789012"


def labelled(name):
    return {"matchLabels": {"app.kubernetes.io/name": name}}


def test_uses_combine_settings_and_permissions(deploy):
    def program() -> None:
        topic = Topic("orders")
        queue = SubscribedQueue("invoices", SubscribedQueueArgs(topic_arn=topic.arn))
        whole = combine_uses("invoices", [queue.consumer("ORDER"), topic.publisher("PAYMENT")])
        pulumi.export("environment", whole.environment.plain_values())
        pulumi.export("actions", [one["Action"] for one in whole.statements])

    assert deploy(program).exports == {
        "environment": {
            "ORDER_QUEUE_URL": f"{SQS}/invoices-1a2b3c4",
            "ORDER_DEAD_LETTERS_URL": f"{SQS}/invoices-dead-letters-1a2b3c4",
            "PAYMENT_TOPIC_ARN": "arn:aws:sns:eu-central-1:123456789012:orders-1a2b3c4",
        },
        "actions": [
            [
                "sqs:ReceiveMessage",
                "sqs:DeleteMessage",
                "sqs:ChangeMessageVisibility",
                "sqs:GetQueueAttributes",
            ],
            ["sqs:SendMessage", "sqs:GetQueueAttributes"],
            ["sns:Publish"],
        ],
    }


def test_setting_given_twice_is_refused():
    one = Use(environment=Environment(values={"EVENT_TOPIC_ARN": "arn"}))
    with pytest.raises(UseError) as refused:
        combine_uses("invoices", [one, one])
    assert str(refused.value) == (
        "invoices: two of its uses set EVENT_TOPIC_ARN; rename one of them."
    )


def test_text_is_no_use():
    with pytest.raises(UseError) as refused:
        combine_uses("invoices", ["events"])
    assert str(refused.value) == (
        "invoices: expected `uses` to list grants of components, such as "
        "queue.consumer(\"EVENT\"); got 'events'."
    )


def test_client_opens_both_network_policies(deploy):
    def program() -> None:
        called = ContainerService("catalog", ARGS)
        whole = combine_uses("shop", [called.client("CATALOG")])
        ContainerService("shop", replace(ARGS, environment=whole.environment, calls=whole.calls))

    deployment = deploy(program)
    ports = [{"protocol": "TCP", "port": 8080}]
    [container] = deployment.one("kubernetes:apps/v1:Deployment", "shop").inputs["spec"][
        "template"
    ]["spec"]["containers"]
    assert container["env"] == [{"name": "CATALOG_URL", "value": "http://catalog.development.svc"}]
    assert deployment.one(POLICY, "shop-to-catalog").inputs["spec"] == {
        "podSelector": labelled("shop"),
        "policyTypes": ["Egress"],
        "egress": [{"to": [{"podSelector": labelled("catalog")}], "ports": ports}],
    }
    assert deployment.one(POLICY, "catalog-from-shop").inputs["spec"] == {
        "podSelector": labelled("catalog"),
        "policyTypes": ["Ingress"],
        "ingress": [{"from": [{"podSelector": labelled("shop")}], "ports": ports}],
    }
