"""Defines rules for pods of all workloads."""

import re
from collections.abc import Iterator
from typing import Any

from platform_policies.resource import UNKNOWN, NotYetKnown, Resource, at
from platform_policies.rule import Rule

LONG_RUNNING = (
    "kubernetes:apps/v1:Deployment",
    "kubernetes:apps/v1:StatefulSet",
    "kubernetes:apps/v1:DaemonSet",
)
POD = "kubernetes:core/v1:Pod"
CRON_JOB = "kubernetes:batch/v1:CronJob"
WORKLOADS = (*LONG_RUNNING, "kubernetes:batch/v1:Job", CRON_JOB, POD)
SECRET_NAME = re.compile(r"PASSWORD|SECRET|TOKEN|CREDENTIAL|PRIVATE_KEY|ACCESS_KEY")


def pod(workload: Resource) -> Any:
    if workload.type == POD:
        return workload.at("spec") or {}
    if workload.type == CRON_JOB:
        return workload.at("spec.jobTemplate.spec.template.spec") or {}
    return workload.at("spec.template.spec") or {}


def containers(workload: Resource) -> list[Any]:
    declared = pod(workload)
    return [*(at(declared, "initContainers") or []), *(at(declared, "containers") or [])]


def has_read_only_root(workload: Resource) -> Iterator[str]:
    for container in containers(workload):
        if at(container, "securityContext.readOnlyRootFilesystem") is not True:
            yield f"container {at(container, 'name')}: readOnlyRootFilesystem is not true"


def has_probes(workload: Resource) -> Iterator[str]:
    for container in at(pod(workload), "containers") or []:
        for probe in ("readinessProbe", "livenessProbe"):
            if at(container, probe) is None:
                yield f"container {at(container, 'name')}: {probe} is missing"


def by_digest(workload: Resource) -> Iterator[str]:
    for container in containers(workload):
        image = at(container, "image")
        if image in workload.own_images:
            continue
        if not re.search(r"@sha256:[0-9a-f]{64}$", str(image)):
            yield f"container {at(container, 'name')}: image {image} has no digest"


def no_token(workload: Resource) -> Iterator[str]:
    if at(pod(workload), "automountServiceAccountToken") is not False:
        yield "automountServiceAccountToken is not false"


def no_plain_secrets(workload: Resource) -> Iterator[str]:
    for container in containers(workload):
        values = {at(each, "name"): literal(each) for each in at(container, "env") or []}
        for name, value in values.items():
            if SECRET_NAME.search(name) and value is not None:
                yield f"container {at(container, 'name')}: {name} is plain text; refer to a Secret"


def literal(variable: Any) -> Any:
    try:
        return at(variable, "value")
    except NotYetKnown:
        return UNKNOWN


RULES = [
    Rule(
        name="pod-read-only",
        reason="An attacker must not be able to store programs.",
        types=WORKLOADS,
        check=has_read_only_root,
    ),
    Rule(
        name="pod-has-probes",
        reason="Without probes, traffic goes to processes that hang or are not ready.",
        types=LONG_RUNNING,
        check=has_probes,
    ),
    Rule(
        name="pod-image-by-digest",
        reason="A tag can name different images on two nodes.",
        types=WORKLOADS,
        check=by_digest,
    ),
    Rule(
        name="pod-no-token",
        reason="Services do not use the Kubernetes API; a token would help only attackers.",
        types=WORKLOADS,
        check=no_token,
    ),
    Rule(
        name="pod-no-plain-secrets",
        reason="Everyone who may list pods can read their environment.",
        types=WORKLOADS,
        check=no_plain_secrets,
    ),
]
