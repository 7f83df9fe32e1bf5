"""Reports planned resources that break limits of AWS."""

from collections.abc import Iterator, Mapping, Sequence

from review.audit.findings import Finding, Verdict
from review.cloudformation import CloudFormationType, find_violations, read_types
from review.resource_types import TABLE
from review.simulation.trial import Recorded

JUDGE = "cfn-lint"


def judge(stacks: Mapping[str, Sequence[Recorded]]) -> Verdict:
    ours = [
        (stack, each)
        for stack, resources in stacks.items()
        for each in resources
        if each.type.startswith("aws:")
    ]
    found = list(findings(ours, read_types()))
    return Verdict(judge=JUDGE, judged=f"{len(ours)} resources of AWS", findings=found)


def findings(
    resources: Sequence[tuple[str, Recorded]], types: Mapping[str, CloudFormationType]
) -> Iterator[Finding]:
    for stack, each in resources:
        if each.type not in types:
            problem = f"no limit was checked; add `cloudformation` to the type in {TABLE.name}"
            yield finding(stack, each, "unmapped", problem)
    for violation in find_violations([each for _, each in resources], types):
        yield finding(*resources[violation.position], violation.rule, violation.problem)


def finding(stack: str, resource: Recorded, rule: str, problem: str) -> Finding:
    return Finding(judge=JUDGE, rule=rule, stack=stack, resource=resource.name, problem=problem)
