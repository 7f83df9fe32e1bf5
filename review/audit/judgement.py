"""Runs all checkers on the planned resources of stacks."""

from collections.abc import Iterator, Mapping, Sequence

from local.environment import Environment
from review.audit import admission, advisories, checkov, kube_score, limits, parliament
from review.audit.findings import Finding, Verdict
from review.audit.manifests import Manifest, manifests
from review.audit.programs import account, platform
from review.audit.terraform import map_resources, read_types
from review.resource_types import TABLE
from review.simulation.rehearsal import PROGRAMS, stack_names
from review.simulation.trial import Deployment


def programs(stacks: Sequence[str]) -> dict[str, Deployment]:
    """Return the platform of each stack, and its foundation if it has one."""
    below = stack_names(PROGRAMS["foundation"].folder)
    accounts = {f"foundation-{name}": account(name) for name in stacks if name in below}
    return {name: platform(name) for name in stacks} | accounts


def judged(deployments: dict[str, Deployment], environment: Environment) -> Iterator[Verdict]:
    rendered = manifests_of(deployments)
    yield from judged_alone(deployments, rendered)
    in_cluster = {name: each for name, each in rendered.items() if each}
    yield kube_score.judge(in_cluster)
    yield admission.judge(in_cluster, environment)
    yield advisories.judge()


def manifests_of(deployments: dict[str, Deployment]) -> dict[str, list[Manifest]]:
    return {name: manifests(each.resources) for name, each in deployments.items()}


def judged_alone(
    deployments: dict[str, Deployment], rendered: Mapping[str, list[Manifest]]
) -> Iterator[Verdict]:
    """Run the checkers that need no cluster, no built program and no network."""
    types, shown, unmapped = read_types(), [], []
    for stack, each in deployments.items():
        resources, unknown = map_resources(each.resources, types)
        shown.append(checkov.Shown(stack=stack, resources=resources, manifests=rendered[stack]))
        unmapped += [unjudged(stack, type_) for type_ in unknown]
    count = sum(len(one.resources) for one in shown)
    yield Verdict(judge="mapping", judged=f"{count} resources", findings=unmapped)
    yield checkov.judge(shown)
    yield limits.judge({stack: each.resources for stack, each in deployments.items()})
    yield parliament.judge(
        [
            document
            for stack, each in deployments.items()
            for document in parliament.documents(stack, each.resources)
        ]
    )


def unjudged(stack: str, type_: str) -> Finding:
    problem = f"no checker knows it; add `terraform` to the type in {TABLE.name}"
    return Finding(judge="mapping", rule="unmapped", stack=stack, resource=type_, problem=problem)
