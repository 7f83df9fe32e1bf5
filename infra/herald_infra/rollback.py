"""Rolls a Deployment back to the serving version if its new pods do not become ready."""

import json
import subprocess
import time
from collections.abc import Callable

import pulumi

from herald_infra.failed_rollout import FailedRollout

ASK_AGAIN = 1.0  # seconds
LONGEST_LINE = 300  # characters of a log line in a message
Kubectl = Callable[..., str]


class KubectlError(Exception):
    """Reports a failure of kubectl with its output."""


class KubectlMissing(KubectlError):
    """Reports that kubectl is not on the PATH."""


def kubectl_of(provider: pulumi.Config) -> Kubectl:
    """Return kubectl for the cluster of the provider's configuration."""
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


def undo(kubectl: Kubectl, namespace: str, name: str, seconds: float) -> str:
    """Roll back within `seconds` if a version serves; return result, reason and advice."""
    place = f"--namespace={namespace}"
    failed = f"The rollout of the Deployment {name} failed"
    try:
        rollout = read(kubectl, place, name)
        why = f"{failed}: {rollout.reason()}{last_words(kubectl, place, rollout)}."
    except (KubectlError, ValueError) as error:
        return f"{failed}, and its state could not be read: {error}."
    serving = rollout.serving_revision()
    if serving is None:
        return f"{why} No earlier version has ready pods, so there was no rollback."
    try:
        kubectl("rollout", "undo", f"deployment/{name}", place, f"--to-revision={serving}")
        await_pods(kubectl, namespace, name, seconds)
    except KubectlError as error:
        return f"{why} The rollback failed: {error}."
    return (
        f"{why} It has been rolled back to the version that served before, with that version's"
        " secrets; correct the cause and run `pulumi up` again."
    )


def await_pods(kubectl: Kubectl, namespace: str, name: str, seconds: float) -> None:
    """Wait until the pods of the newest version are ready; else raise KubectlError.

    For a moment after a change, kubectl reports the exceeded deadline of an earlier rollout. So its
    error counts only at the end.
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
    listed = kubectl("get", "deployments,replicasets,pods", place, label, "--output=json")
    of_pods = "--field-selector=involvedObject.kind=Pod"
    events = kubectl("get", "events", place, of_pods, "--output=json")
    return FailedRollout.read(json.loads(listed), json.loads(events))


def last_words(kubectl: Kubectl, place: str, rollout: FailedRollout) -> str:
    """Return the last log line of a crashed pod, if it is available."""
    pod = rollout.crashed_pod()
    if pod is None:
        return ""
    # A container that ended has no previous one until it restarts, which may be at any moment.
    for earlier in ("--previous=true", "--previous=false", "--previous=true"):
        try:
            line = kubectl("logs", pod, place, "--tail=1", earlier).strip()
        except KubectlError:
            continue
        if line:
            return f"; its last log line is: {line[:LONGEST_LINE].rstrip('.')}"
    return ""
