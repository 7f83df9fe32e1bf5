import pytest
from pydantic import ValidationError

from review.audit.findings import Finding
from review.audit.suppressions import Suppression, read_suppressions, sort

REASON = "Nobody waits for dev when a zone fails."


def finding(**changes) -> Finding:
    values = {"judge": "checkov", "rule": "CKV_1", "stack": "dev", "resource": "aws_queue.dev-a"}
    return Finding(**{**values, "problem": "it is open", **changes})


def suppression(**changes) -> Suppression:
    values = {"judge": "checkov", "rule": "CKV_1", "resource": "aws_queue.*", "reason": REASON}
    return Suppression(**{**values, **changes})


@pytest.mark.parametrize(
    ("changes", "covered"),
    [
        ({}, True),
        ({"stacks": ["dev"]}, True),
        ({"stacks": ["prod"]}, False),
        ({"resource": "aws_topic.*"}, False),
        ({"rule": "CKV_2"}, False),
        ({"judge": "kube-score"}, False),
    ],
)
def test_suppression_covers_one_rule_and_resource(changes, covered):
    outcome = sort([finding()], [suppression(**changes)], ["checkov"])
    assert outcome.suppressed == ([finding()] if covered else [])
    assert outcome.left == ([] if covered else [finding()])


def test_unused_suppression_is_reported_if_judged():
    unused, unasked = suppression(rule="CKV_2"), suppression(judge="pip-audit")
    outcome = sort([finding()], [suppression(), unused, unasked], ["checkov"])
    assert outcome.unused == [unused]


def test_a_suppression_needs_a_reason():
    with pytest.raises(ValidationError, match="at least 20 characters"):
        suppression(reason="no")


def test_table_has_no_duplicates():
    table = read_suppressions()
    keys = [(each.judge, each.rule, each.resource, each.stacks) for each in table]
    assert len(set(keys)) == len(keys) > 10
