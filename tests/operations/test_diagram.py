"""The diagram of a stack, from its state as the program makes it on mocks."""

import re

import pytest

from operations.diagram import diagram
from operations.errors import OperatorError
from tests.stacks.stack_files import STACKS


def state(deployment):
    """The registered resources as `pulumi stack export` gives them."""
    return [
        {
            "type": each.type,
            "urn": each.urn,
            "inputs": each.inputs,
            "propertyDependencies": each.references,
        }
        for each in deployment.resources
    ]


def lines(resources):
    return [line.strip() for line in diagram("x", resources).splitlines()]


@pytest.mark.parametrize("stack", STACKS)
def test_arrows_join_drawn_parts(platform, stack):
    drawn = lines(state(platform(stack)))
    nodes = {line.split("[")[0].split("{")[0].rstrip("(") for line in drawn if ":::" in line}
    arrows = [line.split() for line in drawn if " -->" in line]
    joined = {end for words in arrows for end in (words[0], words[-1])}
    assert joined == nodes


def test_services_show_their_uses(platform):
    drawn = lines(state(platform("prod")))
    assert [line for line in drawn if "service_event_service" in line] == [
        'service_event_service["event-service<br/>Kubernetes, 3 to 12 pods"]:::service',
        "queue_event_queue --> service_event_service",
        "service_event_service --> store_event_store",
        "service_event_service --> store_notifications",
        "service_event_service --> topic_event_topic",
    ]
    assert 'store_reminders[("reminders<br/>PostgreSQL, RDS, multi-AZ")]:::store' in drawn


def test_functions_show_their_uses(platform):
    drawn = lines(state(platform("dev")))
    assert [line for line in drawn if "service_notification_scheduler" in line] == [
        'service_notification_scheduler["notification-scheduler<br/>Lambda, by schedule"]'
        ":::service",
        "service_notification_scheduler --> dead_letters_notification_scheduler_dead_letters",
        "service_notification_scheduler --> store_notifications",
        "service_notification_scheduler --> topic_notification_topic",
    ]


def urn(kind, name):
    return f"urn:pulumi:x::herald::herald:infra:Any${kind}::x-{name}"


def resource(kind, name, **members):
    return {"type": kind, "urn": urn(kind, name), **members}


def test_own_service_draws_itself():
    uses = [
        urn("aws:sqs/queue:Queue", "prices"),
        urn("aws:sqs/queue:Queue", "prices-dead-letters"),
        urn("aws:dynamodb/table:Table", "price-list"),
        urn("aws:sns/topicPolicy:TopicPolicy", "sales"),
    ]
    spec = {"template": {"spec": {"containers": [{"name": "prices"}]}}}
    resources = [
        resource("aws:sns/topic:Topic", "alarms"),
        resource("aws:sns/topic:Topic", "sales"),
        resource("aws:sqs/queue:Queue", "prices", inputs={}),
        resource("aws:dynamodb/table:Table", "price-list"),
        resource(
            "kubernetes:apps/v1:Deployment",
            "prices",
            inputs={"spec": spec},
            propertyDependencies={"spec": uses},
        ),
    ]
    drawn = [line for line in lines(resources) if not line.startswith("classDef")]
    assert drawn == [
        "flowchart TB",
        'queue_prices_queue[["prices queue<br/>SQS"]]:::queue',
        'service_prices["prices<br/>Kubernetes, 1 pod"]:::service',
        'store_price_list[("price-list<br/>DynamoDB")]:::store',
        'topic_alarms_topic{{"alarms topic<br/>SNS"}}:::topic',
        'topic_sales_topic{{"sales topic<br/>SNS"}}:::topic',
        "queue_prices_queue --> service_prices",
        "service_prices --> store_price_list",
        "service_prices --> topic_sales_topic",
    ]
    assert lines(resources[::-1]) == lines(resources)


def test_missing_part_has_no_arrow(platform):
    whole = state(platform("local"))
    fewer = [each for each in whole if not each["urn"].endswith("event-store")]
    lost = set(lines(whole)) - set(lines(fewer))
    assert lost == {
        'store_event_store[("event-store<br/>DynamoDB, expires")]:::store',
        "service_event_service --> store_event_store",
        "service_reminder_service --> store_event_store",
    }


def test_ids_fit_mermaid(platform):
    ids = [line.split()[0] for line in lines(state(platform("local"))) if "-->" in line]
    assert all(re.fullmatch(r"\w+", each) for each in ids)


def test_empty_stack_has_no_diagram(project, herald):
    project.answer("pulumi", "export", {"deployment": {}})
    said = herald("diagram", "--stack", "test")
    assert (said.code, said.err) == (
        1,
        "Herald: stack test has nothing to draw; run `pulumi up --stack test` first.\n",
    )


def test_command_prints_the_diagram(project, herald, platform):
    resources = state(platform("local"))
    project.answer("pulumi", "export", {"deployment": {"resources": resources}})
    said = herald("diagram", "--stack", "test")
    assert (said.code, said.out) == (0, diagram("test", resources) + "\n")


def test_error_names_the_stack():
    with pytest.raises(OperatorError, match="stack dev has nothing to draw"):
        diagram("dev", [])
