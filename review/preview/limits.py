"""Compares planned resources with the limits of AWS, which CloudFormation's schemas contain."""

from dataclasses import replace

from review.cloudformation import find_violations, read_types
from review.preview.plan import Finding, Plan

RULE = "aws-limits"
REASON = "AWS refuses such a value during the update, when other resources have changed."


def compare_with_limits(plan: Plan, region: str) -> Plan:
    """Return the plan with the limits that it breaks; unknown values break none."""
    broken = [
        Finding(
            rule=RULE,
            level="mandatory",
            type=plan.resources[each.position].type,
            name=plan.resources[each.position].name,
            reason=REASON,
            problem=f"{each.problem} ({each.rule} of cfn-lint)",
        )
        for each in find_violations(plan.resources, read_types(), region)
    ]
    return replace(plan, findings=[*plan.findings, *broken], rules=plan.rules + 1)
