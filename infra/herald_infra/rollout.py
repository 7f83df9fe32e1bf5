"""Waits for the new pods of a Deployment, and rolls it back if they do not become ready."""

import asyncio
import hashlib
from concurrent.futures import ThreadPoolExecutor

import pulumi
from pulumi import Output
from pulumi.resource_hooks import (
    ErrorHook,
    ErrorHookArgs,
    ResourceHook,
    ResourceHookArgs,
    ResourceHookBinding,
)

from herald_infra.kubernetes_object import Manifest
from herald_infra.rollback import (
    Kubectl,
    KubectlError,
    KubectlMissing,
    await_pods,
    kubectl_of,
    undo,
)

VERSION = "herald/version"  # annotation with the version of the pod template


class RolloutFailed(Exception):
    """Reports a failed rollout, with reason and rollback."""


def add_version(template: Manifest) -> tuple[Manifest, Output[str]]:
    """Return the pod template with its version, which changes with its content."""
    written = Output.json_dumps(template, sort_keys=True)
    version = written.apply(lambda text: hashlib.sha256(text.encode()).hexdigest()[:16])
    head = {**template["metadata"], "annotations": {VERSION: version}}
    return {**template, "metadata": head}, version


class Rollout:
    """Describes the rollout of one Deployment by one update.

    The Kubernetes plugin waits for ready pods. It can read the Deployment after a change but before
    the controller has seen it, and then takes the previous rollout for this one. So this class asks
    the cluster again before the next object with the same version changes. As long as that fails,
    updates retry it, and none deletes resources that old pods need.
    """

    def __init__(self, name: str, seconds: int, kubectl: Kubectl | None = None) -> None:
        """Create the rollout; `seconds` is the time from a new pod template to ready pods."""
        self.name, self.seconds = name, seconds
        self.kubectl = kubectl or kubectl_of(pulumi.Config("kubernetes"))
        # Threads of the loop may all wait for this one, so it has its own.
        self.threads = ThreadPoolExecutor(1, thread_name_prefix=name)

    def deployment_hook(self) -> ResourceHookBinding:
        return ResourceHookBinding(on_error=[ErrorHook(f"{self.name}-rollback", self.roll_back)])

    def successor_hook(self) -> ResourceHookBinding:
        """Return the hook of the object with VERSION that is written after the Deployment."""
        hook = ResourceHook(f"{self.name}-rollout", self.confirm)
        return ResourceHookBinding(before_create=[hook], before_update=[hook])

    async def roll_back(self, failure: ErrorHookArgs) -> bool:
        """Roll back; the update fails, reports the result, and is not retried."""
        if failure.new_inputs is not None and failure.failed_operation != "delete":
            namespace = failure.new_inputs["metadata"]["namespace"]
            loop = asyncio.get_running_loop()
            pulumi.log.error(await loop.run_in_executor(self.threads, self.undo, namespace))
        return False

    async def confirm(self, change: ResourceHookArgs) -> None:
        """Fail the update unless the Deployment runs this version with ready pods."""
        head = (change.new_inputs or {})["metadata"]
        namespace, version = head["namespace"], head["annotations"][VERSION]
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self.threads, self.check, namespace, version)

    def undo(self, namespace: str) -> str:
        return undo(self.kubectl, namespace, self.name, self.seconds)

    def check(self, namespace: str, version: str) -> None:
        try:
            await_pods(self.kubectl, namespace, self.name, self.seconds)
            running = self.version_in_cluster(namespace)
        except KubectlMissing as error:
            pulumi.log.warn(
                f"Could not check the rollout of {self.name}; trusting the plugin: {error}."
            )
            return
        except KubectlError:
            raise RolloutFailed(self.undo(namespace)) from None
        if running != version:
            raise RolloutFailed(
                f"The Deployment {self.name} was rolled back and has not been updated since;"
                " correct the cause and run `pulumi up --refresh`."
            )

    def version_in_cluster(self, namespace: str) -> str:
        path = f"{{.spec.template.metadata.annotations.{VERSION}}}"
        place, output = f"--namespace={namespace}", f"--output=jsonpath={path}"
        return self.kubectl("get", f"deployment/{self.name}", place, output)
