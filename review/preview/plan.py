"""Reads the plan of the engine from the events of `pulumi preview --json`."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

NOT_COMPONENTS = re.compile(r"^(aws|kubernetes|docker-build|random)")
UNKNOWN = re.compile(r"04da6b54-80e4-46f7-96ec-b56ff0331ba9")
ENDED = "preview failed"  # the only message of the engine about a broken mandatory rule
SECRET_SIGNATURE = "4dabf18193072939515e22adb298388d"


@dataclass(frozen=True, kw_only=True)
class PlannedResource:
    urn: str
    type: str
    inputs: Mapping[str, Any]

    @property
    def name(self) -> str:
        return self.urn.rpartition("::")[2]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Reports a rule that a resource breaks, or a check that an account fails."""

    rule: str
    level: str
    type: str
    name: str
    reason: str
    problem: str


@dataclass(frozen=True, kw_only=True)
class Plan:
    resources: Sequence[PlannedResource]
    findings: Sequence[Finding]
    rules: int  # number of applied rules
    errors: Sequence[str]

    @property
    def is_refused(self) -> bool:
        return bool(self.errors) or any(each.level == "mandatory" for each in self.findings)


def events_of(stream: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.splitlines() if line.startswith("{")]


def plan_of(events: Iterable[Mapping[str, Any]]) -> Plan:
    resources: dict[str, PlannedResource] = {}
    findings: list[Finding] = []
    rules: set[str] = set()
    errors: list[str] = []
    for event in events:
        if "resourcePreEvent" in event:
            planned = resource_of(event["resourcePreEvent"]["metadata"])
            if planned is not None:
                resources[planned.urn] = planned
        elif "policyEvent" in event:
            findings.append(finding_of(event["policyEvent"]))
        elif "policyAnalyzeSummaryEvent" in event:
            summary = event["policyAnalyzeSummaryEvent"]
            rules.update(summary.get("passed") or [], summary.get("failed") or [])
        elif event.get("diagnosticEvent", {}).get("severity") == "error":
            errors.append(event["diagnosticEvent"]["message"].strip())
    return Plan(
        resources=hide_generated_names(sorted(resources.values(), key=lambda each: each.urn)),
        findings=findings,
        rules=len(rules),
        errors=beyond(findings, errors),
    )


def beyond(findings: Iterable[Finding], errors: Iterable[str]) -> list[str]:
    """Return the errors, without the one that reports policy violations."""
    refused = any(each.level == "mandatory" for each in findings)
    return [each for each in errors if not (refused and each == ENDED)]


def resource_of(metadata: Mapping[str, Any]) -> PlannedResource | None:
    """Return the resource, or None for components and removed resources."""
    new = metadata.get("new")
    if not new or not NOT_COMPONENTS.match(new["type"]):
        return None
    return PlannedResource(urn=new["urn"], type=new["type"], inputs=masked(new["inputs"] or {}))


def masked(value: Any) -> Any:
    """Mark values that are unknown until `up`; omit secrets and internal values of the engine."""
    if isinstance(value, Mapping):
        if SECRET_SIGNATURE in value:
            return "[secret]"
        return {key: masked(each) for key, each in value.items()}
    if isinstance(value, list):
        return [masked(each) for each in value]
    if isinstance(value, str):
        return UNKNOWN.sub("[known after up]", value)
    return value


def finding_of(event: Mapping[str, Any]) -> Finding:
    reason, _, problem = event["message"].strip().partition("\n")
    *_, kind, name = event["resourceUrn"].split("::")
    return Finding(
        rule=event["policyName"],
        level=event["enforcementLevel"],
        type=kind.rpartition("$")[2],
        name=name,
        reason=reason,
        problem=problem,
    )


def hide_generated_names(resources: Sequence[PlannedResource]) -> list[PlannedResource]:
    """Replace generated endings of names, so that two previews can be compared."""
    generated = {}
    for each in resources:
        if "name" in each.inputs.get("__defaults", ()):
            generated[each.inputs["name"]] = f"{each.name}-…"
        metadata = each.inputs.get("metadata", {})
        if "pulumi.com/autonamed" in (metadata.get("annotations") or {}):
            generated[metadata["name"]] = f"{each.name}-…"
    if not generated:
        return list(resources)
    pattern = re.compile("|".join(map(re.escape, sorted(generated, key=len, reverse=True))))
    return [
        replace(each, inputs=rename(each.inputs, lambda found: generated[found[0]], pattern))
        for each in resources
    ]


def rename(value: Any, name: Any, pattern: re.Pattern[str]) -> Any:
    if isinstance(value, Mapping):
        return {
            key: rename(each, name, pattern) for key, each in value.items() if key != "__defaults"
        }
    if isinstance(value, list):
        return [rename(each, name, pattern) for each in value]
    return pattern.sub(name, value) if isinstance(value, str) else value
