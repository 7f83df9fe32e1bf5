"""Sees that the new pods of a Deployment become ready, or takes it back to the version before."""

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

from infra.kubernetes_object import Manifest
from infra.rollback import Kubectl, KubectlError, KubectlMissing, await_pods, kubectl_of, undo

VERSION = "herald/version"  # annotation: which pod template of the program this is


class RolloutFailed(Exception):
    """What failed, why, and what was done about it."""


def versioned(template: Manifest) -> tuple[Manifest, Output[str]]:
    """The pod template marked with its version, which changes with anything in it."""
    written = Output.json_dumps(template, sort_keys=True)
    version = written.apply(lambda text: hashlib.sha256(text.encode()).hexdigest()[:16])
    head = {**template["metadata"], "annotations": {VERSION: version}}
    return {**template, "metadata": head}, version


class Rollout:
    """The rollout of one Deployment by one update.

    The Kubernetes plugin waits for ready pods. But when it reads the Deployment after a change
    and before the controller has seen it, it takes the rollout before for this one. So the
    cluster is asked again before the next object, which carries the version as well, is changed:
    as long as that fails, every update tries it again and none deletes what old pods need.
    """

    def __init__(self, name: str, seconds: int, kubectl: Kubectl | None = None) -> None:
        """`seconds` is the time from a new pod template to its ready pods."""
        self.name, self.seconds = name, seconds
        self.kubectl = kubectl or kubectl_of(pulumi.Config("kubernetes"))
        # Not the loop's own threads: each of them may be waiting for what waits for this.
        self.threads = ThreadPoolExecutor(1, thread_name_prefix=name)

    def of_deployment(self) -> ResourceHookBinding:
        return ResourceHookBinding(on_error=[ErrorHook(f"{self.name}-rollback", self.go_back)])

    def of_successor(self) -> ResourceHookBinding:
        """For the object with the annotation VERSION that is written after the Deployment."""
        hook = ResourceHook(f"{self.name}-rollout", self.confirm)
        return ResourceHookBinding(before_create=[hook], before_update=[hook])

    async def go_back(self, failure: ErrorHookArgs) -> bool:
        """The update fails all the same, and says what was done; nothing is tried again."""
        if failure.new_inputs is not None and failure.failed_operation != "delete":
            namespace = failure.new_inputs["metadata"]["namespace"]
            loop = asyncio.get_running_loop()
            pulumi.log.error(await loop.run_in_executor(self.threads, self.undo, namespace))
        return False

    async def confirm(self, change: ResourceHookArgs) -> None:
        """Fail the update if the Deployment does not run, with ready pods, what it should."""
        head = (change.new_inputs or {})["metadata"]
        namespace, version = head["namespace"], head["annotations"][VERSION]
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self.threads, self.check, namespace, version)

    def undo(self, namespace: str) -> str:
        return undo(self.kubectl, namespace, self.name)

    def check(self, namespace: str, version: str) -> None:
        try:
            await_pods(self.kubectl, namespace, self.name, self.seconds)
            running = self.version_in_cluster(namespace)
        except KubectlMissing as error:
            pulumi.log.warn(f"The rollout of {self.name} is taken as the plugin saw it: {error}.")
            return
        except KubectlError:
            raise RolloutFailed(self.undo(namespace)) from None
        if running != version:
            raise RolloutFailed(
                f"The Deployment {self.name} was rolled back and not rolled out again since;"
                " mend the cause and run `pulumi up --refresh`."
            )

    def version_in_cluster(self, namespace: str) -> str:
        path = f"{{.spec.template.metadata.annotations.{VERSION}}}"
        place, output = f"--namespace={namespace}", f"--output=jsonpath={path}"
        return self.kubectl("get", f"deployment/{self.name}", place, output)
