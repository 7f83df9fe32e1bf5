"""Defines rules for pods of all workloads."""

import re
from collections.abc import Iterator
from typing import Any

from platform_policies.resource import UNKNOWN, NotYetKnown, Resource, at
from platform_policies.rule import Check, Rule

LONG_RUNNING = (
    "kubernetes:apps/v1:Deployment",
    "kubernetes:apps/v1:StatefulSet",
    "kubernetes:apps/v1:DaemonSet",
)
POD = "kubernetes:core/v1:Pod"
CRON_JOB = "kubernetes:batch/v1:CronJob"
WORKLOADS = (*LONG_RUNNING, "kubernetes:batch/v1:Job", CRON_JOB, POD)
SECRET_NAME = re.compile(r"PASSWORD|SECRET|TOKEN|CREDENTIAL|PRIVATE_KEY|ACCESS_KEY")
HOST_NAMESPACES = ("hostNetwork", "hostPID", "hostIPC")


def pod(workload: Resource) -> Any:
    if workload.type == POD:
        return workload.at("spec") or {}
    if workload.type == CRON_JOB:
        return workload.at("spec.jobTemplate.spec.template.spec") or {}
    return workload.at("spec.template.spec") or {}


def containers(workload: Resource) -> list[Any]:
    declared = pod(workload)
    return [*(at(declared, "initContainers") or []), *(at(declared, "containers") or [])]


def of_container(path: str, *allowed: Any, inherited: str | None = None) -> Check:
    """Check a property of each container, or of the pod for all of them at `inherited`."""

    def check(workload: Resource) -> Iterator[str]:
        for container in containers(workload):
            value = at(container, path)
            if value is None and inherited is not None:
                value = at(pod(workload), inherited)
            if value not in allowed:
                expected = " or ".join(str(each).lower() for each in allowed if each is not None)
                yield f"container {at(container, 'name')}: {path} is {value}; expected {expected}"

    return check


def drops_capabilities(workload: Resource) -> Iterator[str]:
    for container in containers(workload):
        name = at(container, "name")
        if "ALL" not in (at(container, "securityContext.capabilities.drop") or []):
            yield f"container {name}: securityContext.capabilities.drop lacks ALL"
        if added := at(container, "securityContext.capabilities.add"):
            yield f"container {name}: adds capabilities {', '.join(added)}"


def has_limits(workload: Resource) -> Iterator[str]:
    for container in containers(workload):
        for path in ("requests.cpu", "requests.memory", "limits.memory"):
            if at(container, f"resources.{path}") is None:
                yield f"container {at(container, 'name')}: resources.{path} is missing"


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


def apart_from_host(workload: Resource) -> Iterator[str]:
    declared = pod(workload)
    for key in HOST_NAMESPACES:
        if at(declared, key):
            yield f"{key} is true"
    for volume in at(declared, "volumes") or []:
        if at(volume, "hostPath") is not None:
            folder = at(volume, "hostPath.path")
            yield f"volume {at(volume, 'name')} is the folder {folder} of the host"


def no_token(workload: Resource) -> Iterator[str]:
    if at(pod(workload), "automountServiceAccountToken") is not False:
        yield "automountServiceAccountToken is not false"


def no_plain_secrets(workload: Resource) -> Iterator[str]:
    for container in containers(workload):
        values = {at(each, "name"): literal(each) for each in at(container, "env") or []}
        # The keys of an emulator are not secret.
        allowed = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} if is_emulated(values) else set()
        for name, value in values.items():
            if SECRET_NAME.search(name) and value is not None and name not in allowed:
                yield f"container {at(container, 'name')}: {name} is plain text; refer to a Secret"


def is_emulated(values: dict[str, Any]) -> bool:
    url = values.get("AWS_ENDPOINT_URL")
    return isinstance(url, str) and "amazonaws.com" not in url


def literal(variable: Any) -> Any:
    try:
        return at(variable, "value")
    except NotYetKnown:
        return UNKNOWN


RULES = [
    Rule(
        name="pod-not-root",
        reason="Root in a container is root on the node if the isolation fails.",
        types=WORKLOADS,
        check=of_container(
            "securityContext.runAsNonRoot", True, inherited="securityContext.runAsNonRoot"
        ),
    ),
    Rule(
        name="pod-not-privileged",
        reason="A privileged container controls its node.",
        types=WORKLOADS,
        check=of_container("securityContext.privileged", False, None),
    ),
    Rule(
        name="pod-no-escalation",
        reason="A process must not gain privileges after its start.",
        types=WORKLOADS,
        check=of_container("securityContext.allowPrivilegeEscalation", False),
    ),
    Rule(
        name="pod-drops-capabilities",
        reason="Services need no capabilities of the kernel.",
        types=WORKLOADS,
        check=drops_capabilities,
    ),
    Rule(
        name="pod-filters-system-calls",
        reason="Most vulnerabilities of the kernel are in system calls that services do not use.",
        types=WORKLOADS,
        check=of_container(
            "securityContext.seccompProfile.type",
            "RuntimeDefault",
            "Localhost",
            inherited="securityContext.seccompProfile.type",
        ),
    ),
    Rule(
        name="pod-read-only",
        reason="An attacker must not be able to store programs.",
        types=WORKLOADS,
        check=of_container("securityContext.readOnlyRootFilesystem", True),
    ),
    Rule(
        name="pod-has-limits",
        reason="Without requests and a memory limit, a container can starve its neighbours.",
        types=WORKLOADS,
        check=has_limits,
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
        name="pod-apart-from-host",
        reason="Namespaces and folders of the host give access to all pods of the node.",
        types=WORKLOADS,
        check=apart_from_host,
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
