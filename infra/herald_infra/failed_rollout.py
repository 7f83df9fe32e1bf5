"""Finds out why new pods of a Deployment are not ready, and which version still serves."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Manifest = dict[str, Any]
REVISION = "deployment.kubernetes.io/revision"
HASH = "pod-template-hash"
PROBE_STOP = re.compile(r"failed (startup|liveness) probe, will be restarted")
IN_PROGRESS = ("ContainerCreating", "PodInitializing")


@dataclass(frozen=True, kw_only=True)
class FailedRollout:
    """Describes a Deployment with its replica sets, pods and events, read from the cluster."""

    deployment: Manifest
    replica_sets: list[Manifest]
    pods: list[Manifest]
    events: list[Manifest]  # of all pods of the namespace

    @classmethod
    def read(cls, listed: Manifest, events: Manifest) -> "FailedRollout":
        kinds: dict[str, list[Manifest]] = {"Deployment": [], "ReplicaSet": [], "Pod": []}
        for item in listed["items"]:
            kinds[item["kind"]].append(item)
        [deployment] = kinds["Deployment"]
        return cls(
            deployment=deployment,
            replica_sets=kinds["ReplicaSet"],
            pods=kinds["Pod"],
            events=sorted(events["items"], key=lambda event: event.get("lastTimestamp") or ""),
        )

    def serving_revision(self) -> int | None:
        """Return the newest earlier version with ready pods, or None."""
        serving = (
            revision(each) for each in self.replica_sets if each["status"].get("readyReplicas")
        )
        return max((each for each in serving if each < revision(self.deployment)), default=None)

    def new_pods(self) -> Iterator[Manifest]:
        newest = max(self.replica_sets, key=revision, default=None)
        if newest is not None:
            own = newest["metadata"]["labels"][HASH]
            yield from (pod for pod in self.pods if pod["metadata"]["labels"].get(HASH) == own)

    def reason(self) -> str:
        """Return a clause with the reason why the new pods are not ready."""
        reasons = [self.failed_probe(pod) or reason_of(pod) for pod in self.new_pods()]
        return next(filter(None, reasons), None) or self.refusal() or "no new pod became ready"

    def refusal(self) -> str | None:
        """Return the reason why the cluster creates no pods, for example a quota, or None."""
        for each in self.replica_sets:
            for condition in each["status"].get("conditions", []):
                if condition["type"] == "ReplicaFailure" and condition["status"] == "True":
                    return f"the cluster creates no new pod: {condition['message']}"
        return None

    def failed_probe(self, pod: Manifest) -> str | None:
        """Return a clause with the image and the answer to the probe that it fails, or None.

        A container that crashes fails probes as well, but its exit code says more.
        """
        name = pod["metadata"]["name"]
        own = [event for event in self.events if event["involvedObject"]["name"] == name]
        answers = [event["message"] for event in own if event["reason"] == "Unhealthy"]
        stopped = any(PROBE_STOP.search(event["message"]) for event in own)
        for container in containers(pod):
            if answers and (stopped or (is_unready(container) and not last_end(container))):
                return f"the image {container['image']} fails its health check: {answers[-1]}"
        return None

    def crashed_pod(self) -> str | None:
        """Return the name of a new pod that crashed at least once, or None."""
        for pod in self.new_pods():
            if any(last_end(container) for container in containers(pod)):
                return str(pod["metadata"]["name"])
        return None


def revision(manifest: Manifest) -> int:
    return int(manifest["metadata"].get("annotations", {}).get(REVISION, 0))


def containers(pod: Manifest) -> list[Manifest]:
    statuses: list[Manifest] = pod["status"].get("containerStatuses", [])
    return statuses


def last_end(container: Manifest) -> Manifest | None:
    """Return the last end of a container, now or before its restart, or None."""
    for state in (container.get("state", {}), container.get("lastState", {})):
        if "terminated" in state:
            ended: Manifest = state["terminated"]
            return ended
    return None


def is_unready(container: Manifest) -> bool:
    return "running" in container.get("state", {}) and not container["ready"]


def reason_of(pod: Manifest) -> str | None:
    for condition in pod["status"].get("conditions", []):
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            return f"no node accepts the new pod: {condition.get('message', 'no message')}"
    return next(filter(None, map(trouble, containers(pod))), None)


def trouble(container: Manifest) -> str | None:
    if ended := last_end(container):
        return f"the new pod ends with exit code {ended['exitCode']} ({ended['reason']})"
    waiting = container.get("state", {}).get("waiting", {})
    if waiting and waiting["reason"] not in IN_PROGRESS:
        message = f": {waiting['message']}" if "message" in waiting else ""
        return f"the new pod waits with {waiting['reason']}{message}"
    if is_unready(container):
        return "the new pod runs and fails its readiness probe"
    return None
