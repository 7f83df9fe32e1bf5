"""Converts resources to a CloudFormation template, whose schemas contain the limits of AWS.

cfn-lint checks names, enumerations, patterns, ranges and combinations of properties.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from review.audit.findings import AuditError, Finding, Verdict
from review.resource_types import TABLE, TYPES
from review.simulation.trial import Recorded

JUDGE = "cfn-lint"
REGION = "eu-central-1"
MADE_UP = re.compile(r".+-id|(?:vpc|subnet|sg|eipalloc)-.+")
PAIRS = {"tags": "Key", "dimensions": "Name"}  # maps that are lists in CloudFormation
LIST = "[0]"
# Rules that are not about properties; the template has several copies of some resources.
IGNORED = ["W", "I", "E0", "E1", "E2", "E4", "E5", "E6", "E7", "E8", "E3010", "E3019"]
JSON = dict[str, Any]


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
            if key in ("hashKey", "rangeKey", "region"):
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
        kinds = schema.get("type", "object")
        items = self.resolved(schema.get("items", {}))
        if "array" in kinds and isinstance(value, Mapping) and path in PAIRS:
            return [{PAIRS[path]: key, "Value": text} for key, text in sorted(value.items())]
        if "array" in kinds:
            several = value if isinstance(value, list) else [value]
            return [self.value(each, path, items) for each in several]
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
        if isinstance(value, str) and MADE_UP.fullmatch(value):
            return {"Fn::ImportValue": value}  # known only after the update
        if isinstance(value, str) and "object" in kinds and value.startswith("{"):
            return json.loads(value)
        return value

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


def read_types() -> dict[str, CloudFormationType]:
    return {
        name: CloudFormationType(**each.cloudformation)
        for name, each in TYPES.items()
        if each.cloudformation
    }


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
    """Check all stacks in one template, because the start of cfn-lint takes seconds."""
    names: dict[str, str] = {}  # of equal resources
    holders: dict[str, tuple[str, Recorded]] = {}
    template: JSON = {}
    for stack, each in resources:
        if each.type not in types:
            problem = f"no limit was checked; add `cloudformation` to the type in {TABLE.name}"
            yield finding(stack, each, "unmapped", problem)
        elif types[each.type].type:
            resource = types[each.type].resource(each.inputs)
            name = names.setdefault(json.dumps(resource, sort_keys=True), f"R{len(names)}")
            holders.setdefault(name, (stack, each))
            template[name] = resource
    for rule, name, problem in lint({"Resources": template}) if template else ():
        yield finding(*holders[name], rule, problem)


def finding(stack: str, resource: Recorded, rule: str, problem: str) -> Finding:
    return Finding(judge=JUDGE, rule=rule, stack=stack, resource=resource.name, problem=problem)


def lint(template: JSON) -> Iterator[tuple[str, str, str]]:
    """Yield rule, logical id and problem of each error."""
    from cfnlint.api import lint
    from cfnlint.config import ManualArgs

    for match in lint(
        json.dumps(template), config=ManualArgs(regions=[REGION], ignore_checks=IGNORED)
    ):
        path = [str(part) for part in match.path or []]
        if match.rule.id.startswith("E") and len(path) > 1:
            yield match.rule.id, path[1], f"{'.'.join(path[3:])}: {match.message}"
        elif match.rule.id.startswith("E"):
            raise AuditError(f"cfn-lint could not read the template: {match.message}")
