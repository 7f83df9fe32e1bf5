"""Takes a Deployment back to the version that serves when its new pods do not become ready."""

import json
import subprocess
import time
from collections.abc import Callable
from typing import Any

import pulumi

from infra.failed_rollout import FailedRollout

UNDO_SECONDS = 60  # for the pods that did not become ready to go
ASK_AGAIN = 1.0  # seconds
LONGEST_LINE = 300  # characters of a log line that are shown
Kubectl = Callable[..., str]


class KubectlError(Exception):
    """What kubectl said, or that there is none."""


class KubectlMissing(KubectlError):
    """There is no kubectl on the PATH."""


def kubectl_of(provider: pulumi.Config) -> Kubectl:
    """kubectl for the cluster that the provider is configured for."""
    settings = {"--context": provider.get("context"), "--kubeconfig": provider.get("kubeconfig")}
    command = ["kubectl", *(f"{name}={value}" for name, value in settings.items() if value)]

    def run(*arguments: str) -> str:
        try:
            done = subprocess.run(
                [*command, *arguments], capture_output=True, text=True, check=False
            )
        except OSError as error:
            raise KubectlMissing("kubectl was not found") from error
        if done.returncode:
            raise KubectlError(done.stderr.strip() or f"kubectl ended with {done.returncode}")
        return done.stdout

    return run


def undo(kubectl: Kubectl, namespace: str, name: str) -> str:
    """Go back if a version serves; a sentence that says what happened, why, and what to do."""
    place = f"--namespace={namespace}"
    failed = f"The rollout of the Deployment {name} failed"
    try:
        rollout = read(kubectl, place, name)
        why = f"{failed}: {rollout.reason()}{last_words(kubectl, place, rollout)}."
    except (KubectlError, ValueError) as error:
        return f"{failed} and could not be looked at: {error}."
    serving = rollout.serving_revision()
    if serving is None:
        return f"{why} There is no earlier version with ready pods to go back to."
    try:
        kubectl("rollout", "undo", f"deployment/{name}", place, f"--to-revision={serving}")
        await_pods(kubectl, namespace, name, UNDO_SECONDS)
    except KubectlError as error:
        return f"{why} It could not be rolled back: {error}."
    return (
        f"{why} It has been rolled back to the version that served before, with that version's"
        " secrets; mend the cause and run `pulumi up` again."
    )


def await_pods(kubectl: Kubectl, namespace: str, name: str, seconds: float) -> None:
    """Return when the pods of the newest version are ready; KubectlError if they never are.

    For a moment after a change, kubectl still reports the deadline that an earlier rollout
    exceeded, so its no is believed only at the end.
    """
    deployment, place, limit = f"deployment/{name}", f"--namespace={namespace}", f"{seconds:.0f}s"
    end = time.monotonic() + seconds
    while True:
        try:
            kubectl("rollout", "status", deployment, place, f"--timeout={limit}")
            return
        except KubectlMissing:
            raise
        except KubectlError:
            if time.monotonic() >= end:
                raise
        time.sleep(ASK_AGAIN)


def read(kubectl: Kubectl, place: str, name: str) -> FailedRollout:
    label = f"--selector=app.kubernetes.io/name={name}"
    listed: dict[str, Any] = json.loads(
        kubectl("get", "deployments,replicasets,pods", place, label, "--output=json")
    )
    return FailedRollout.read(listed)


def last_words(kubectl: Kubectl, place: str, rollout: FailedRollout) -> str:
    """The last line that a crashed pod wrote, if it can be had."""
    pod = rollout.crashed_pod()
    if pod is None:
        return ""
    for earlier in ("--previous=true", "--previous=false"):
        try:
            line = kubectl("logs", pod, place, "--tail=1", earlier).strip()
        except KubectlError:
            continue
        if line:
            return f", its last words are: {line[:LONGEST_LINE].rstrip('.')}"
    return ""
