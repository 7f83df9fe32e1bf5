"""Converts resources to a CloudFormation template, whose schemas contain the limits of AWS.

cfn-lint checks names, enumerations, patterns, ranges and combinations of properties.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

from review.resource_types import TYPES

REGION = "eu-central-1"  # the region whose schemas map properties
# Values that are known only after the update: identifiers of simulations, and marks of previews
LATER = re.compile(
    r".+-id|(?:vpc|subnet|sg|eipalloc)-.+|.*\[(?:known after up|secret)\].*", re.DOTALL
)
GENERATED = ("-…", "-1a2b3c4")  # the mark of a generated ending, and such an ending
PAIRS = {"tags": "Key", "dimensions": "Name"}  # maps that are lists in CloudFormation
LIST = "[0]"
PROVIDERS_OWN = ("region", "tagsAll", "__defaults")  # properties that providers and engine add
# Rules that are not about properties; the template has several copies of some resources.
IGNORED = ["W", "I", "E0", "E1", "E2", "E4", "E5", "E6", "E7", "E8", "E3010", "E3019"]
JSON = dict[str, Any]


class Unreadable(Exception):
    """Reports in one sentence that cfn-lint could not read the template."""


class Resource(Protocol):
    @property
    def type(self) -> str: ...
    @property
    def inputs(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True, kw_only=True)
class Violation:
    """Reports that AWS would refuse a property of a resource."""

    position: int  # of the resource among the checked ones
    rule: str
    problem: str


@dataclass(frozen=True, kw_only=True)
class CloudFormationType:
    type: str = ""
    none: str = ""  # reason why there is no type
    names: Mapping[str, str] = field(default_factory=dict)
    left_out: Sequence[str] = ()
    # Further properties that CloudFormation requires
    given: Mapping[str, Any] = field(default_factory=dict)
    upper: Sequence[str] = ()  # paths whose values are upper case in CloudFormation

    @cached_property
    def schema(self) -> JSON:
        from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

        found: JSON = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, self.type).schema
        return found

    def resource(self, inputs: Mapping[str, Any]) -> JSON:
        kept = {key: value for key, value in inputs.items() if key not in self.left_out}
        properties = {**self.given, **self.object(kept, "", self.schema)}
        return {"Type": self.type, "Properties": properties}

    def object(self, value: Mapping[str, Any], path: str, schema: JSON) -> JSON:
        made: JSON = {}
        keys = [
            {"AttributeName": value[key], "KeyType": kind}
            for key, kind in (("hashKey", "HASH"), ("rangeKey", "RANGE"))
            if key in value
        ]
        if keys:
            made["KeySchema"] = keys
        for key, each in value.items():
            if key in ("hashKey", "rangeKey", *PROVIDERS_OWN):
                continue
            inner = f"{path}.{key}".lstrip(".")
            name = self.names.get(inner) or self.match(key, schema)
            place, below = made, schema
            *outer, last = name.split(".")
            for part in outer:
                below = self.below(below, part.removesuffix(LIST))
                if part.endswith(LIST):
                    below = self.resolved(below.get("items", {}))
                    place = place.setdefault(part.removesuffix(LIST), [{}])[0]
                else:
                    place = place.setdefault(part, {})
            place[last] = self.value(each, inner, self.below(below, last))
        return made

    def value(self, value: Any, path: str, schema: JSON) -> Any:
        """Return a value in the form of the schema: one or a list, text or a document."""
        if is_later(value):
            return import_later(value)
        kinds = schema.get("type", "object")
        items = self.resolved(schema.get("items", {}))
        if "array" in kinds and isinstance(value, Mapping) and path in PAIRS:
            pairs = sorted(value.items())
            return [
                {PAIRS[path]: key, "Value": self.scalar(text, "", "string")} for key, text in pairs
            ]
        if "array" in kinds:
            several = value if isinstance(value, list) else [value]
            return [
                # Unknown values differ, as the items of some lists must.
                import_later(f"{each} {position}")
                if is_later(each)
                else self.value(each, path, items)
                for position, each in enumerate(several)
            ]
        if isinstance(value, list) and len(value) == 1:
            [value] = value
        if isinstance(value, Mapping):
            return self.object(value, path, schema) if "properties" in schema else dict(value)
        return self.scalar(value, path, kinds)

    def scalar(self, value: Any, path: str, kinds: str | Sequence[str]) -> Any:
        if path in self.upper:
            return str(value).upper()
        if isinstance(value, float) and value.is_integer():
            return int(value)
        if is_later(value):
            return import_later(value)
        if isinstance(value, str) and "object" in kinds and value.startswith("{"):
            return json.loads(value)
        return value.replace(*GENERATED) if isinstance(value, str) else value

    def match(self, key: str, schema: JSON) -> str:
        found = {name.lower(): name for name in schema.get("properties", {})}
        return str(found.get(key.lower(), key[0].upper() + key[1:]))

    def below(self, schema: JSON, name: str) -> JSON:
        return self.resolved(schema.get("properties", {}).get(name, {}))

    def resolved(self, schema: JSON) -> JSON:
        while "$ref" in schema:
            place: Any = self.schema
            for part in schema["$ref"].removeprefix("#/").split("/"):
                place = place[part]
            schema = place
        return schema


def is_later(value: Any) -> bool:
    return isinstance(value, str) and LATER.fullmatch(value) is not None


def import_later(value: str) -> JSON:
    """Return a function of templates, whose result cfn-lint does not check."""
    return {"Fn::ImportValue": value}


def load_schemas() -> None:
    """Load cfn-lint, which takes seconds."""
    import cfnlint.api  # noqa: F401


def read_types() -> dict[str, CloudFormationType]:
    return {
        name: CloudFormationType(**each.cloudformation)
        for name, each in TYPES.items()
        if each.cloudformation
    }


def find_violations(
    resources: Sequence[Resource],
    types: Mapping[str, CloudFormationType],
    region: str = REGION,
) -> Iterator[Violation]:
    """Check resources of mapped types in one template, because cfn-lint takes seconds to start."""
    names: dict[str, str] = {}  # of equal resources
    positions: dict[str, int] = {}
    template: JSON = {}
    for position, each in enumerate(resources):
        if each.type in types and types[each.type].type:
            resource = types[each.type].resource(each.inputs)
            name = names.setdefault(json.dumps(resource, sort_keys=True), f"R{len(names)}")
            positions.setdefault(name, position)
            template[name] = resource
    for rule, name, problem in lint({"Resources": template}, region) if template else ():
        yield Violation(position=positions[name], rule=rule, problem=problem)


def lint(template: JSON, region: str) -> Iterator[tuple[str, str, str]]:
    """Yield rule, logical id and problem of each error."""
    from cfnlint.api import lint
    from cfnlint.config import ManualArgs
    from cfnlint.helpers import REGIONS

    known = region if region in REGIONS else REGION
    arguments = ManualArgs(regions=[known], ignore_checks=IGNORED)
    for match in lint(json.dumps(template), config=arguments):
        path = [str(part) for part in match.path or []]
        if match.rule.id.startswith("E") and len(path) > 1:
            yield match.rule.id, path[1], f"{'.'.join(path[3:])}: {match.message}"
        elif match.rule.id.startswith("E"):
            raise Unreadable(f"cfn-lint could not read the template: {match.message}")
