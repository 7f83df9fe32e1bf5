"""The mapping hides nothing: checkov says of insecure resources all that it must."""

import json
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest

from review.audit import checkov
from review.audit.findings import AuditError
from review.audit.terraform import TerraformType, map_resources, plan, read_types, snake_case
from review.simulation.trial import Recorded
from tests.review.audit.insecure import INSECURE, NOT_SHOWN
from tests.review.audit.recording import recorded

TYPES = read_types()
needs_checkov = pytest.mark.integration


def insecure_resources() -> list[Recorded]:
    urns = {
        each.name: f"urn:{type_}:{each.name}" for type_, cases in INSECURE.items() for each in cases
    }
    return [
        recorded(
            type_,
            each.name,
            each.inputs,
            refers={key: (urns[name],) for key, name in each.refers.items()},
        )
        for type_, cases in INSECURE.items()
        for each in cases
    ]


@pytest.fixture(scope="module")
def told() -> dict[str, set[str]]:
    """The checks that failed, by the resource's address; one run, for it takes seconds."""
    resources, unmapped = map_resources(insecure_resources(), TYPES)
    assert unmapped == []
    verdict = checkov.judge([checkov.Shown(stack="prod", resources=resources, manifests=[])])
    found = defaultdict(set)
    for each in verdict.findings:
        assert each.stack == "prod"
        found[each.resource].add(each.rule)
    return found


@needs_checkov
@pytest.mark.parametrize("type_", INSECURE)
def test_insecure_resources_fail_exactly_their_checks(told, type_):
    terraform = TYPES[type_].type
    expected = {f"{terraform}.{each.name}": each.fails for each in INSECURE[type_]}
    assert {address: told[address] for address in expected} == expected


@needs_checkov
def test_checks_are_shown_or_have_reasons():
    python = checkov.CHECKOV.parent / "python"
    names = sorted({each.type for each in TYPES.values()})
    script = Path(__file__).parent / "known_checks.py"
    done = subprocess.run(
        [str(python), str(script), *names], capture_output=True, text=True, check=True
    )
    known = {name: set(checks) for name, checks in json.loads(done.stdout).items() if checks}
    shown = defaultdict(set)
    for type_, cases in INSECURE.items():
        shown[TYPES[type_].type] |= {check for each in cases for check in each.fails}
    for type_, reasons in NOT_SHOWN.items():
        assert not shown[TYPES[type_].type] & reasons.keys(), "shown, so it needs no reason"
        shown[TYPES[type_].type] |= reasons.keys()
    assert known == {name: checks for name, checks in shown.items() if checks}
    assert len(known) > 25


def test_blocks_become_lists_and_maps_stay():
    function = TYPES["aws:lambda/function:Function"].values(
        {
            "memorySize": 256.0,
            "tags": {"costCentre": "a"},
            "environment": {"variables": {"logLevel": "INFO"}},
            "imageConfig": {"commands": ["handler"]},
            "vpcConfig": {"subnetIds": ["subnet-1"]},
        }
    )
    assert function == {
        "memory_size": 256,
        "tags": {"costCentre": "a"},
        "environment": [{"variables": {"logLevel": "INFO"}}],
        "image_config": [{"command": ["handler"]}],
        "vpc_config": [{"subnet_ids": ["subnet-1"]}],
    }


def test_different_names_match_terraform():
    table = TYPES["aws:dynamodb/table:Table"].values({"attributes": [{"name": "id", "type": "S"}]})
    assert table == {"attribute": [{"name": "id", "type": "S"}]}
    assert snake_case("kmsMasterKeyId") == "kms_master_key_id"


def test_unknown_nested_property_is_an_error():
    with pytest.raises(AuditError, match="expected options of aws_thing in `terraform.blocks`"):
        TerraformType(type="aws_thing").values({"options": {"secure": False}})


def test_type_unknown_to_terraform_is_reported():
    resources = [recorded("aws:sqs/queue:Queue", "event"), recorded("aws:new/thing:Thing", "x")]
    found, unmapped = map_resources(resources, TYPES)
    assert [each.address for each in found] == ["aws_sqs_queue.event"]
    assert unmapped == ["aws:new/thing:Thing"]


def test_duplicate_addresses_are_an_error():
    twins = [recorded("aws:sqs/queue:Queue", "event"), recorded("aws:sqs/queue:Queue", "event")]
    with pytest.raises(AuditError, match=r"expected unique addresses; got aws_sqs_queue\.event"):
        map_resources(twins, TYPES)


def test_plan_contains_references():
    key = recorded("aws:kms/key:Key", "messages")
    topic = recorded("aws:sns/topic:Topic", "event", {"kmsMasterKeyId": "arn"})
    topic.references["kmsMasterKeyId"] = (key.urn, "urn:of:something:unmapped")
    [_, configured] = plan(map_resources([key, topic], TYPES)[0])["configuration"]["root_module"][
        "resources"
    ]
    assert configured == {
        "address": "aws_sns_topic.event",
        "mode": "managed",
        "type": "aws_sns_topic",
        "name": "event",
        "provider_config_key": "aws",
        "expressions": {
            "kms_master_key_id": {"references": ["aws_kms_key.messages.id", "aws_kms_key.messages"]}
        },
    }
