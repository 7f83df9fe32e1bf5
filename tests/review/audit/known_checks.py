"""Prints which checks checkov has for types of Terraform; runs with checkov's own Python."""

import json
import sys

from checkov.common.checks_infra.registry import get_graph_checks_registry
from checkov.terraform import checks  # noqa: F401  (registers them)
from checkov.terraform.checks.resource.registry import resource_registry

FEW = 12  # a check of more types is of what refers to them, not of each


def known(types: list[str]) -> dict[str, list[str]]:
    found = {name: {each.id for each in resource_registry.get_checks(name)} for name in types}
    registry = get_graph_checks_registry("terraform")
    registry.load_checks()
    for check in registry.checks:
        for name in {*types} & {*check.resource_types}:
            if len(check.resource_types) <= FEW:
                found[name].add(check.id)
    return {name: sorted(ids) for name, ids in found.items()}


if __name__ == "__main__":
    print(json.dumps(known(sys.argv[1:])))
