"""The comparison with CloudFormation's schemas sees faults, and the mapping hides none."""

from dataclasses import replace

import pytest

from review.audit.findings import Finding
from review.audit.limits import findings, judge
from review.audit.programs import account, platform
from review.cloudformation import read_types
from review.simulation.trial import Recorded
from tests.review.mutations import MUTATIONS, NOT_IN_SCHEMAS, QUEUE, mutate

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def planned() -> dict[str, list[Recorded]]:
    """Platform and foundation of dev, which have every type."""
    return {"dev": platform("dev").resources, "foundation-dev": account("dev").resources}


def mutated(resources: list[Recorded], index: int) -> Recorded:
    type_, path, value = MUTATIONS[index]
    chosen = next(each for each in resources if each.type == type_)
    changed = mutate(chosen.inputs, path, value)
    return replace(chosen, name=f"mutation-{index}", inputs=changed)


def test_planned_resources_break_no_limit(planned: dict[str, list[Recorded]]):
    assert list(judge(planned).findings) == []


def test_each_mutation_is_found(planned: dict[str, list[Recorded]]):
    resources = [each for stack in planned.values() for each in stack]
    broken = [mutated(resources, index) for index in range(len(MUTATIONS))]
    seen = {each.resource for each in findings([("dev", each) for each in broken], read_types())}
    missed = {
        MUTATIONS[index][:2] for index in range(len(MUTATIONS)) if f"mutation-{index}" not in seen
    }
    assert missed == NOT_IN_SCHEMAS, str(missed)


def test_unmapped_types_are_reported(planned: dict[str, list[Recorded]]):
    queue = next(each for each in planned["dev"] if each.type == QUEUE)
    assert list(findings([("dev", queue)], {})) == [
        Finding(
            judge="cfn-lint",
            rule="unmapped",
            stack="dev",
            resource=queue.name,
            problem="no limit was checked; add `cloudformation` to the type in resource_types.toml",
        )
    ]
