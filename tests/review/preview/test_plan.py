import json
from typing import Any

import pytest

from review.preview.plan import Finding, PlannedResource, events_of, plan_of

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
STACK = "urn:pulumi:prod::herald::"
QUEUE = "aws:sqs/queue:Queue"
JOB = "kubernetes:batch/v1:Job"


def planned(kind: str, name: str, inputs: dict[str, Any], parent: str = "") -> dict[str, Any]:
    urn = f"{STACK}{parent}{kind}::{name}"
    new = {"type": kind, "urn": urn, "inputs": inputs}
    return {"resourcePreEvent": {"metadata": {"op": "create", "urn": urn, "new": new}}}


def test_only_what_is_made_counts():
    plan = plan_of(
        [
            planned("pulumi:pulumi:Stack", "herald-prod", {}),
            planned("herald:infra:Topic", "prod-event", {}),
            planned(QUEUE, "prod-event", {"delaySeconds": 0}, parent="herald:infra:Topic$"),
            {"resourcePreEvent": {"metadata": {"op": "delete", "urn": "urn:x", "new": None}}},
        ]
    )
    urn = f"{STACK}herald:infra:Topic${QUEUE}::prod-event"
    assert plan.resources == [PlannedResource(urn=urn, type=QUEUE, inputs={"delaySeconds": 0})]
    assert plan.resources[0].name == "prod-event"
    assert not plan.is_refused


def test_generated_names_do_not_differ():
    def names(suffix: str) -> list[Any]:
        queue = {"__defaults": ["name"], "name": f"prod-event-{suffix}"}
        alarm = {"dimensions": {"QueueName": f"prod-event-{suffix}"}, "tags": [f"x{suffix}"]}
        job = {
            "metadata": {
                "name": f"migration-{suffix}",
                "annotations": {"pulumi.com/autonamed": "true"},
            }
        }
        plan = plan_of(
            [
                planned(QUEUE, "prod-event", queue),
                planned("aws:x", "a", alarm),
                planned(JOB, "m", job),
            ]
        )
        return [dict(each.inputs) for each in plan.resources]

    first = names("0a1b2c3")
    assert first == [
        {"name": "prod-event-…"},
        {"dimensions": {"QueueName": "prod-event-…"}, "tags": ["x0a1b2c3"]},
        {"metadata": {"name": "m-…", "annotations": {"pulumi.com/autonamed": "true"}}},
    ]
    assert names("fffffff")[0] == first[0]


def test_secrets_and_unknown_values_are_marked():
    secret = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "value": "x"}
    inputs = {"password": secret, "arn": UNKNOWN, "urls": [f"https://{UNKNOWN}/"]}
    [resource] = plan_of([planned(QUEUE, "q", inputs)]).resources
    assert resource.inputs == {
        "password": "[secret]",
        "arn": "[known after up]",
        "urls": ["https://[known after up]/"],
    }


def broken_rule(level: str) -> dict[str, Any]:
    return {
        "policyEvent": {
            "resourceUrn": f"{STACK}herald:infra:Topic${QUEUE}::prod-event",
            "message": "Messages lie there.\nkmsMasterKeyId is missing\n",
            "policyName": "queue-encrypted",
            "enforcementLevel": level,
        }
    }


@pytest.mark.parametrize(("level", "refused"), [("mandatory", True), ("advisory", False)])
def test_a_broken_rule(level: str, refused: bool):
    asked = {"policyAnalyzeSummaryEvent": {"passed": ["a", "b"], "failed": ["queue-encrypted"]}}
    plan = plan_of([broken_rule(level), asked, asked])
    assert plan.findings == [
        Finding(
            rule="queue-encrypted",
            level=level,
            type=QUEUE,
            name="prod-event",
            reason="Messages lie there.",
            problem="kmsMasterKeyId is missing",
        )
    ]
    assert plan.rules == 3
    assert plan.is_refused is refused


def test_errors_refuse_and_warnings_do_not():
    def said(severity: str) -> dict[str, Any]:
        return {"diagnosticEvent": {"severity": severity, "message": f"{severity}!\n"}}

    assert plan_of([said("error"), said("warning")]).errors == ["error!"]
    assert plan_of([said("error")]).is_refused
    assert not plan_of([said("warning"), said("info")]).is_refused


def test_policy_violation_is_no_plan_error():
    ended = {"diagnosticEvent": {"severity": "error", "message": "preview failed\n"}}
    other = {"diagnosticEvent": {"severity": "error", "message": "KeyError: 'images'\n"}}
    broken, advised = (broken_rule(level) for level in ("mandatory", "advisory"))
    assert plan_of([broken, ended]).errors == []
    assert plan_of([broken, ended]).is_refused
    assert plan_of([broken, other, ended]).errors == ["KeyError: 'images'"]
    assert plan_of([ended]).errors == ["preview failed"]
    assert plan_of([advised, ended]).errors == ["preview failed"]


def test_lines_without_events_are_ignored():
    lines = ["Loading", json.dumps({"sequence": 1}), ""]
    assert events_of("\n".join(lines)) == [{"sequence": 1}]
