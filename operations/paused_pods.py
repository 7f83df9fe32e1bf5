"""Takes the pods of a service out of a stack while the service runs on this machine."""

import fcntl
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TextIO

from operations.cluster import Cluster
from operations.errors import OperatorError
from stacks.config.project import ROOT

FOLDER = ROOT / ".local" / "paused"  # a record for each Deployment without its pods
RETURN = 60  # seconds until a pod is ready again


@dataclass(frozen=True, kw_only=True)
class Pods:
    """Names the pods of one Deployment; its Service, if any, has the same name."""

    context: str | None  # of the kubeconfig
    namespace: str
    deployment: str

    @property
    def cluster(self) -> Cluster:
        return Cluster(self.context)

    @property
    def record(self) -> Path:
        return FOLDER / f"{self.namespace}.{self.deployment}.json"

    @property
    def endpoints(self) -> str:
        return f"{self.deployment}-here"

    def replicas(self) -> int | None:
        """Return the wanted number of pods, or None if there is no such Deployment."""
        found = self.cluster.deployments(self.namespace)
        numbers = {each["metadata"]["name"]: each["spec"]["replicas"] for each in found}
        return numbers.get(self.deployment)

    def wanted(self) -> int:
        """Return the wanted number of pods; raise OperatorError if there is no Deployment."""
        try:
            replicas = self.replicas()
        except OperatorError as error:
            raise OperatorError(f"{error}; for the local stack run `make up`") from None
        if replicas is None:
            raise OperatorError(
                f"expected a Deployment {self.deployment} in {self.namespace}, found none; "
                "for the local stack run `make up`"
            )
        return replicas

    def pause(self) -> None:
        """Remove all pods. The autoscaler does nothing while a Deployment wants none."""
        self.cluster.ask("scale", "-n", self.namespace, f"deploy/{self.deployment}", "--replicas=0")

    def redirect(self, address: str, port: int) -> None:
        """Let the Service send its callers to this machine, beside the controller's own list."""
        manifest = endpoint_slice(self, address, port)
        self.cluster.ask("apply", "-f", "-", text=json.dumps(manifest))

    def resume(self, replicas: int) -> None:
        """Bring the pods back, and wait until they are ready."""
        place, pods = ("-n", self.namespace), f"deploy/{self.deployment}"
        self.cluster.ask("delete", "endpointslice", *place, self.endpoints, "--ignore-not-found")
        self.cluster.ask("scale", *place, pods, f"--replicas={replicas}")
        wait = ("rollout", "status", *place, pods, f"--timeout={RETURN}s")
        self.cluster.ask(*wait, seconds=RETURN)


def endpoint_slice(pods: Pods, address: str, port: int) -> Mapping[str, Any]:
    labels = {
        "kubernetes.io/service-name": pods.deployment,
        "endpointslice.kubernetes.io/managed-by": "herald-run",
    }
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": pods.endpoints, "namespace": pods.namespace, "labels": labels},
        "addressType": "IPv4",
        "endpoints": [{"addresses": [address], "conditions": {"ready": True}}],
        "ports": [{"name": "http", "port": port, "protocol": "TCP"}],
    }


@contextmanager
def pods_paused(pods: Pods, address: str, port: int) -> Iterator[None]:
    """Redirect callers to this machine for as long as the block runs.

    The record says how many pods there were. It outlives a process that is killed.
    """
    FOLDER.mkdir(parents=True, exist_ok=True)
    with pods.record.open("a+", encoding="utf-8") as record:
        if not lock(record):
            raise OperatorError(
                f"{pods.deployment} runs on this machine already; stop that `herald run` first"
            )
        try:
            replicas = recorded_replicas(record) or pods.wanted()
        except OperatorError:
            pods.record.unlink()
            raise
        write(record, pods, replicas)
        try:
            pods.pause()
            pods.redirect(address, port)
            yield
        finally:
            pods.resume(replicas)
            pods.record.unlink()


def resume_abandoned() -> list[str]:
    """Bring back the pods that killed runs left out, and return their Deployments."""
    resumed = []
    for file in sorted(FOLDER.glob("*.json")):
        with file.open("a+", encoding="utf-8") as record:
            if not lock(record):
                continue
            replicas = recorded_replicas(record)
            if replicas is not None:
                pods = Pods(**json.loads(file.read_text(encoding="utf-8"))["pods"])
                if pods.replicas() is not None:
                    pods.resume(replicas)
                    resumed.append(pods.deployment)
            file.unlink()
    return resumed


def lock(record: TextIO) -> bool:
    """Return True if no other process runs the service. The lock ends with its process."""
    try:
        fcntl.flock(record, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def recorded_replicas(record: TextIO) -> int | None:
    record.seek(0)
    text = record.read()
    return int(json.loads(text)["replicas"]) if text else None


def write(record: TextIO, pods: Pods, replicas: int) -> None:
    record.seek(0)
    record.truncate()
    json.dump({"pods": asdict(pods), "replicas": replicas}, record)
    record.flush()
