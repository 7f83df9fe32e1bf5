"""Pods, whatever makes them."""

from typing import Any

from tests.review.policies.breaches.breach import ABSENT, Breach
from tests.review.policies.sound_resources import CONTAINER

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
SECURITY = "securityContext"


def of_pod(rule: str, change: dict[str, Any], said: str, kind: str = DEPLOYMENT) -> Breach:
    return Breach(rule, kind, {f"spec.template.spec.{k}": v for k, v in change.items()}, said)


def of_container(rule: str, change: dict[str, Any], said: str) -> Breach:
    paths = {f"containers.0.{key}": value for key, value in change.items()}
    return of_pod(rule, paths, f"container service: {said}")


WORKLOADS = [
    of_container(
        "pod-read-only",
        {f"{SECURITY}.readOnlyRootFilesystem": False},
        "readOnlyRootFilesystem is not true",
    ),
    of_container("pod-has-probes", {"livenessProbe": ABSENT}, "livenessProbe is missing"),
    of_container("pod-image-by-digest", {"image": "nginx:1.29"}, "image nginx:1.29 has no digest"),
    of_pod(
        "pod-no-token",
        {"automountServiceAccountToken": True},
        "automountServiceAccountToken is not false",
    ),
    of_container(
        "pod-no-plain-secrets",
        {"env": [{"name": "DATABASE_PASSWORD", "value": "hunter2"}]},
        "DATABASE_PASSWORD is plain text; refer to a Secret",
    ),
    of_container(
        "pod-no-plain-secrets",
        {"env": [{"name": "AWS_SECRET_ACCESS_KEY", "value": "abc"}]},
        "AWS_SECRET_ACCESS_KEY is plain text; refer to a Secret",
    ),
    Breach(
        "pod-no-token",
        "kubernetes:batch/v1:CronJob",
        {"spec.jobTemplate.spec.template.spec.automountServiceAccountToken": ABSENT},
        "automountServiceAccountToken is not false",
    ),
    Breach(
        "pod-read-only",
        "kubernetes:core/v1:Pod",
        {"spec.initContainers": [{**CONTAINER, "name": "first", "securityContext": {}}]},
        "container first: readOnlyRootFilesystem is not true",
    ),
]
