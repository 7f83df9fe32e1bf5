import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from review.preview.comparison import Difference, changes
from review.preview.costs import Bill, Cost, Part
from review.preview.plan import Finding, Plan, PlannedResource
from review.preview.report import LIMIT, BadReport, Earlier, Report, as_json, markdown, text

QUEUE, TOPIC = "aws:sqs/queue:Queue", "aws:sns/topic:Topic"
FINDING = Finding(
    rule="queue-encrypted",
    level="mandatory",
    type=QUEUE,
    name="events",
    reason="Messages lie there.",
    problem="a|b <script>",
)


def planned(kind: str, name: str, **inputs: Any) -> PlannedResource:
    return PlannedResource(urn=f"urn:pulumi:prod::herald::{kind}::{name}", type=kind, inputs=inputs)


def report(*resources: PlannedResource, earlier: Earlier | None = None, **more: Any) -> Report:
    costs = tuple(
        Cost(each.name, each.type, (Part("month", 1, Decimal("1.25")),)) for each in resources
    )
    plan = Plan(
        resources=resources,
        findings=more.get("findings", ()),
        rules=70,
        errors=more.get("errors", ()),
    )
    return Report(
        stack="prod",
        plan=plan,
        bill=Bill(costs, ("x: no price known for y",)),
        currency="USD",
        assumptions=["Prices of 2025-01-31."],
        earlier=earlier,
    )


BEFORE = [planned(QUEUE, "events", delaySeconds=0, tags={"a": "1"}), planned(TOPIC, "old")]
AFTER = [planned(QUEUE, "events", delaySeconds=5, tags={"a": "1"}), planned(TOPIC, "new")]


def test_changes_between_two_plans():
    found = changes(BEFORE, AFTER)
    assert [(each.kind, each.resource.name) for each in found] == [
        ("delete", "old"),
        ("create", "new"),
        ("change", "events"),
    ]
    assert found[2].differences == (Difference("delaySeconds", 0, 5),)
    assert changes(AFTER, AFTER) == []


@pytest.mark.parametrize(
    ("before", "after", "paths"),
    [
        ({"a": [{"b": 1}]}, {"a": [{"b": 2}]}, ["a[0].b"]),
        ({"a": [1]}, {"a": [1, 2]}, ["a"]),
        ({"a": {}}, {"a": {"c": None}}, []),
        ({"a": {}}, {"a": {"c": False}}, ["a.c"]),
    ],
)
def test_places_that_differ(before: dict[str, Any], after: dict[str, Any], paths: list[str]):
    found = changes([planned(QUEUE, "q", **before)], [planned(QUEUE, "q", **after)])
    assert [each.path for change in found for each in change.differences] == paths


def test_text_against_an_empty_stack():
    assert text(report(*AFTER, findings=[FINDING], errors=["It is wrong."])) == (
        "Stack prod against an empty stack: incomplete, so far 2 to create\n"
        "  +   1 aws:sns/topic:Topic\n"
        "  +   1 aws:sqs/queue:Queue\n"
        "\n"
        "Policies: 70 rules, 1 mandatory violation\n"
        "  [mandatory] queue-encrypted: aws:sqs/queue:Queue events: a|b <script>\n"
        "      Messages lie there.\n"
        "Error: It is wrong.\n"
        "\n"
        "Monthly cost: 2.50 USD\n"
        "        1.25  events  aws:sqs/queue:Queue\n"
        "        1.25  new  aws:sns/topic:Topic\n"
        "  not counted: x: no price known for y\n"
        "  Prices of 2025-01-31.\n"
    )


def test_account_problems_follow_policies():
    checked = replace(report(), account=[replace(FINDING, level="advisory")])
    assert (
        "Policies: 70 rules, no violations\n"
        "Account: 1 advisory problem\n"
        "  [advisory] queue-encrypted: aws:sqs/queue:Queue events: a|b <script>\n"
        "      Messages lie there.\n"
    ) in text(checked)
    made = markdown(checked)
    assert " rules, no violations · Account: 1 advisory problem · **Monthly cost: " in made
    assert "| advisory | queue-encrypted | events | a\\|b &lt;script> |" in made
    assert [each["level"] for each in json.loads(as_json(checked))["account"]] == ["advisory"]
    assert "Account: no problems\n" in text(replace(report(), account=[]))


def test_text_against_an_earlier_preview():
    earlier = Earlier.of(as_json(report(BEFORE[0])), "prod")
    lines = text(report(*AFTER, earlier=earlier)).splitlines()
    assert lines[:3] == [
        "Stack prod against the earlier preview: 1 to create, 1 to change, 0 unchanged",
        "  + aws:sns/topic:Topic new",
        "  ~ aws:sqs/queue:Queue events",
    ]
    assert lines[3] == "      delaySeconds: 0 -> 5"
    assert "Policies: 70 rules, no violations" in lines
    assert "Monthly cost: 2.50 USD (+1.25)" in lines


def test_difference_of_cheaper_plan_is_negative():
    earlier = Earlier.of(as_json(report(*AFTER)), "prod")
    assert report(earlier=earlier).cost_line() == "Monthly cost: 0.00 USD (-2.50)"


def test_markdown_of_a_pull_request():
    earlier = Earlier.of(as_json(report(BEFORE[0])), "prod")
    made = markdown(report(*AFTER, findings=[FINDING], errors=["No <b>"], earlier=earlier))
    assert made.splitlines()[0] == "### Preview of `prod` against the earlier preview"
    assert "> **Error** No &lt;b>" in made
    assert "| mandatory | queue-encrypted | events | a\\|b &lt;script> |" in made
    assert "| new | aws:sns/topic:Topic | 1.25 |" in made
    assert "```diff\n+ aws:sns/topic:Topic new\n~ aws:sqs/queue:Queue events\n" in made


@pytest.mark.parametrize("count", [0, 3, 5000])
def test_markdown_fits_into_a_comment(count: int):
    findings = [FINDING] * count
    many = [planned(QUEUE, f"queue-{number}", text="x" * 500) for number in range(count)]
    made = markdown(
        report(*many, findings=findings, earlier=Earlier(resources=(), monthly=Decimal(1)))
    )
    assert len(made) < LIMIT
    assert ("more lines" in made) is (count == 5000)


def test_an_error_of_any_length_fits():
    assert len(markdown(report(errors=["x" * 100_000]))) < LIMIT


def test_json_report_serves_the_next_preview():
    earlier = Earlier.of(as_json(report(*AFTER, findings=[FINDING])), "prod")
    assert list(earlier.resources) == AFTER
    assert earlier.monthly == Decimal("2.50")
    content = json.loads(as_json(report(*AFTER, findings=[FINDING])))
    assert content["counts"] == {"create": 2}
    assert content["policies"]["findings"][0]["rule"] == "queue-encrypted"


NO_REPORT = "expected a complete JSON report of a preview, as `--output` writes it"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("{", NO_REPORT),
        ("[]", NO_REPORT),
        ("{}", NO_REPORT),
        (
            '{"format": 1, "stack": "prod", "resources": [], "cost": {"monthly": "much"}}',
            NO_REPORT,
        ),
        (
            '{"format": 2, "stack": "dev"}',
            "expected a report of format 1 of stack prod; got one of format 2 of stack dev",
        ),
    ],
)
def test_another_file_is_refused(given: str, said: str):
    with pytest.raises(BadReport) as refused:
        Earlier.of(given, "prod")
    assert str(refused.value) == said


def test_unknown_prices_make_no_total():
    unpriced = Bill((), ("no prices of region eu-west-1",))
    said = text(replace(report(planned(TOPIC, "a")), bill=unpriced, currency="", assumptions=[]))
    assert "Monthly cost: unknown\n  not counted: no prices of region eu-west-1\n" in said
