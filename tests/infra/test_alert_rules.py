"""Rule files on a workspace of Prometheus, told to a topic."""

import json

import pytest
from herald_infra.alert_rules import AlertRules, AlertRulesArgs
from pulumi import Output

RULES = {"silence": "groups: []", "deliveries": "groups: [] # none"}


@pytest.fixture
def deployment(deploy):
    return deploy(
        lambda: AlertRules(
            "dev-alerts",
            AlertRulesArgs(
                workspace_id="ws-1",
                rules=RULES,
                routes=Output.from_input('{"route": {"receiver": "alarms"}}'),
                alarm_topic_arn="arn:alarms",
            ),
        )
    )


def test_each_file_is_a_namespace(deployment):
    made = deployment.all("aws:amp/ruleGroupNamespace:RuleGroupNamespace")
    assert {one.name: one.inputs for one in made} == {
        f"dev-alerts-{name}": {
            "name": f"dev-alerts-{name}",
            "workspaceId": "ws-1",
            "data": text,
        }
        for name, text in RULES.items()
    }


def test_routes_are_wrapped_for_the_service(deployment):
    made = deployment.one("aws:amp/alertManagerDefinition:AlertManagerDefinition")
    assert made.inputs["workspaceId"] == "ws-1"
    assert json.loads(made.inputs["definition"]) == {
        "alertmanager_config": '{"route": {"receiver": "alarms"}}'
    }


def test_unheard_alerts_raise_an_alarm(deployment):
    alarm = deployment.one("aws:cloudwatch/metricAlarm:MetricAlarm", "dev-alerts-unheard")
    assert (alarm.inputs["metricName"], alarm.inputs["dimensions"]) == (
        "AlertManagerNotificationsFailed",
        {"Workspace": "ws-1"},
    )
    assert alarm.inputs["alarmActions"] == ["arn:alarms"]
