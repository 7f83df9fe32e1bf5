"""Converts resources to a Terraform plan, the input of checkov."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from review.audit.findings import AuditError
from review.resource_types import TABLE, TYPES
from review.simulation.trial import Recorded

PROVIDER = "registry.terraform.io/hashicorp/aws"
MAPS_EVERYWHERE = ("tags",)
JSON = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class TerraformType:
    type: str
    blocks: Sequence[str] = ()
    maps: Sequence[str] = ()
    names: Mapping[str, str] = field(default_factory=dict)

    def values(self, inputs: Mapping[str, Any]) -> JSON:
        return {self.name(key): self.value(key, value) for key, value in inputs.items()}

    def name(self, path: str) -> str:
        return self.names.get(path) or snake_case(path.rpartition(".")[2])

    def value(self, path: str, value: Any) -> Any:
        """Return a value for Terraform, where single blocks are lists, too."""
        if path in (*self.maps, *MAPS_EVERYWHERE):
            return value
        if isinstance(value, float) and value.is_integer():
            return int(value)  # the engine has one kind of number, Terraform two
        if isinstance(value, Mapping):
            return [self.block(path, value)]
        if isinstance(value, list) and any(isinstance(each, Mapping) for each in value):
            return [self.block(path, each) for each in value]
        return value

    def block(self, path: str, parts: Mapping[str, Any]) -> JSON:
        if path.partition(".")[0] not in self.blocks:
            raise AuditError(
                f"expected {path} of {self.type} in `terraform.blocks` or `terraform.maps` of "
                f"{TABLE.name}, because it has parts; add it to one of them"
            )
        return {
            self.name(f"{path}.{key}"): self.value(f"{path}.{key}", value)
            for key, value in parts.items()
        }


def read_types() -> dict[str, TerraformType]:
    return {name: TerraformType(**each.terraform) for name, each in TYPES.items() if each.terraform}


def snake_case(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


@dataclass(frozen=True)
class Mapped:
    resource: Recorded
    terraform: TerraformType

    @property
    def name(self) -> str:
        return re.sub(r"[^A-Za-z0-9_-]", "_", self.resource.name)

    @property
    def address(self) -> str:
        return f"{self.terraform.type}.{self.name}"


def map_resources(
    resources: Sequence[Recorded], types: Mapping[str, TerraformType]
) -> tuple[list[Mapped], list[str]]:
    """Return the AWS resources with a Terraform type, and the types without one."""
    own = [each for each in resources if each.type.startswith("aws:")]
    found = [Mapped(each, types[each.type]) for each in own if each.type in types]
    addresses = [each.address for each in found]
    if twice := sorted({each for each in addresses if addresses.count(each) > 1}):
        raise AuditError(f"expected unique addresses; got {', '.join(twice)} more than once")
    return found, sorted({each.type for each in own if each.type not in types})


def plan(resources: Sequence[Mapped]) -> JSON:
    addresses = {each.resource.urn: each.address for each in resources}
    return {
        "format_version": "1.2",
        "terraform_version": "1.9.0",
        "planned_values": {
            "root_module": {"resources": [plan_resource(each) for each in resources]}
        },
        "resource_changes": [describe_creation(each) for each in resources],
        "configuration": {
            "root_module": {"resources": [list_references(each, addresses) for each in resources]}
        },
    }


def describe(each: Mapped) -> JSON:
    return {
        "address": each.address,
        "mode": "managed",
        "type": each.terraform.type,
        "name": each.name,
    }


def plan_resource(each: Mapped) -> JSON:
    values = each.terraform.values(each.resource.inputs)
    return {**describe(each), "provider_name": PROVIDER, "schema_version": 0, "values": values}


def describe_creation(each: Mapped) -> JSON:
    after = each.terraform.values(each.resource.inputs)
    made = {"actions": ["create"], "before": None, "after": after, "after_unknown": {}}
    return {**describe(each), "provider_name": PROVIDER, "change": made}


def list_references(each: Mapped, addresses: Mapping[str, str]) -> JSON:
    """Return the references between resources, by which checkov finds related resources."""
    expressions = {
        each.terraform.name(name): {"references": list(find_addresses(urns, addresses))}
        for name, urns in each.resource.references.items()
    }
    return {**describe(each), "provider_config_key": "aws", "expressions": expressions}


def find_addresses(urns: Sequence[str], addresses: Mapping[str, str]) -> Iterator[str]:
    for urn in urns:
        if urn in addresses:
            yield f"{addresses[urn]}.id"
            yield addresses[urn]
