"""A preview reports values that AWS refuses, and says nothing of values that it does not know."""

from dataclasses import replace
from typing import Any

import pytest

from review.preview import making
from review.preview.limits import REASON, RULE, compare_with_limits
from review.preview.plan import Finding, Plan, PlannedResource, events_of, plan_of
from review.preview.report import text
from review.simulation import rehearsal
from review.simulation.rehearsal import PROGRAMS, run_preview
from tests.review.mutations import MUTATIONS, NOT_IN_SCHEMAS, QUEUE, TABLE, mutate

LATER, REGION = "[known after up]", "eu-central-1"


def planned(type_: str, name: str, inputs: dict[str, Any]) -> PlannedResource:
    return PlannedResource(
        urn=f"urn:pulumi:dev::herald::{type_}::{name}", type=type_, inputs=inputs
    )


def plan(*resources: PlannedResource) -> Plan:
    return Plan(resources=resources, findings=(), rules=70, errors=())


@pytest.mark.parametrize("region", [REGION, "us-west-2", "of-nowhere-1"])
def test_refused_value_fails_the_preview(region: str):
    queue = planned(QUEUE, "events", {"name": "events-…", "receiveWaitTimeSeconds": 21})
    compared = compare_with_limits(plan(queue), region)
    problem = "ReceiveMessageWaitTimeSeconds: 21 is greater than the maximum of 20"
    assert compared.findings == [
        Finding(
            rule=RULE,
            level="mandatory",
            type=QUEUE,
            name="events",
            reason=REASON,
            problem=f"{problem} (E3034 of cfn-lint)",
        )
    ]
    assert (compared.rules, compared.is_refused) == (71, True)


def test_unknown_values_break_no_limit():
    queue = {"name": LATER, "fifoQueue": LATER, "tags": {"a": LATER}, "redrivePolicy": LATER}
    table = {"name": LATER, "hashKey": LATER, "attributes": LATER, "billingMode": LATER}
    endpoint = {"routeTableIds": [LATER, LATER], "serviceName": LATER, "vpcId": LATER}
    resources = [
        planned(QUEUE, "events", queue),
        planned(TABLE, "store", table),
        planned("aws:ec2/vpcEndpoint:VpcEndpoint", "endpoint", endpoint),
        planned("aws:sns/platformApplication:PlatformApplication", "unlisted", {"x": 1}),
    ]
    assert compare_with_limits(plan(*resources), REGION).findings == []


def test_generated_names_are_compared():
    role = planned("aws:iam/role:Role", "r", {"name": f"{'r' * 60}-…", "assumeRolePolicy": LATER})
    [finding] = compare_with_limits(plan(role), REGION).findings
    assert finding.problem.startswith("RoleName: ")
    assert "is longer than 64" in finding.problem


@pytest.fixture(scope="module")
def everything() -> list[PlannedResource]:
    """What previews of platform and foundation plan."""
    events = [run_preview(program, "dev") for program in PROGRAMS.values()]
    return [each for one in events for each in plan_of(events_of(one)).resources]


@pytest.mark.integration
def test_each_mutation_fails_the_preview(everything: list[PlannedResource]):
    broken = []
    for index, (type_, path, value) in enumerate(MUTATIONS):
        chosen = next(each for each in everything if each.type == type_)
        changed = mutate(chosen.inputs, path, value)
        broken.append(replace(chosen, urn=f"{chosen.urn}::{index}", inputs=changed))
    found = {int(each.name) for each in compare_with_limits(plan(*broken), REGION).findings}
    missed = {each[:2] for index, each in enumerate(MUTATIONS) if index not in found}
    assert missed == NOT_IN_SCHEMAS


@pytest.mark.integration
def test_refused_instance_class_is_shown(monkeypatch: pytest.MonkeyPatch):
    settings = rehearsal.read_stack_file("dev")
    settings["herald:database"]["rds"]["instanceClass"] = "db.m7g.huge"
    for module in (rehearsal, making):
        monkeypatch.setattr(module, "read_stack_file", lambda *_: settings)
    report = making.report_of("platform", "dev")
    assert report.is_refused
    assert ", 1 mandatory violation\n" in text(report)
    assert f"  [mandatory] {RULE}: aws:rds/instance:Instance dev-postgres: DBInstanceClass: " in (
        text(report)
    )
