"""Confirms that the new pods of a Deployment became ready, or takes it back."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi.resource_hooks import (
    ErrorHook,
    ErrorHookArgs,
    ResourceHook,
    ResourceHookArgs,
    ResourceHookBinding,
)

from infra.rollback import Kubectl, KubectlError, KubectlMissing, await_pods, kubectl_of, undo


class RolloutFailed(pulumi.RunError):
    """What failed, why, and what was done about it."""


class Rollout:
    """The rollout of one Deployment by one update.

    The Kubernetes plugin waits for ready pods, but may have read the Deployment before the
    controller saw the change, and then takes the earlier rollout for the new one. So the cluster
    is asked again after every change.
    """

    def __init__(self, name: str, seconds: int, kubectl: Kubectl | None = None) -> None:
        """`seconds` is the time from a new pod template to its ready pods."""
        self.name, self.seconds, self.failed = name, seconds, False
        self.kubectl = kubectl or kubectl_of(pulumi.Config("kubernetes"))

    def hooks(self) -> ResourceHookBinding:
        confirm = ResourceHook(f"{self.name}-rollout", self.confirm)
        return ResourceHookBinding(
            after_create=[confirm],
            after_update=[confirm],
            on_error=[ErrorHook(f"{self.name}-rollback", self.go_back)],
        )

    async def confirm(self, done: ResourceHookArgs) -> None:
        """Fail the update if the new pods do not become ready after all."""
        namespace = namespace_of(done.new_inputs)
        try:
            await asyncio.to_thread(await_pods, self.kubectl, namespace, self.name, self.seconds)
        except KubectlMissing as error:
            pulumi.log.warn(f"The rollout of {self.name} is taken as the plugin saw it: {error}.")
        except KubectlError:
            self.failed = True
            said = await asyncio.to_thread(undo, self.kubectl, namespace, self.name)
            raise RolloutFailed(said) from None

    async def go_back(self, failure: ErrorHookArgs) -> bool:
        """The update fails all the same, and says what was done; nothing is tried again."""
        if failure.new_inputs is not None and failure.failed_operation != "delete":
            self.failed = True
            namespace = namespace_of(failure.new_inputs)
            said = await asyncio.to_thread(undo, self.kubectl, namespace, self.name)
            pulumi.log.error(said)
        return False

    def require(self, name: str) -> str:
        """The name of the Deployment; ends the program if its pods did not become ready.

        A hook that fails fails the update at its end only: until then the engine would go on,
        and delete the secrets of the version that serves.
        """
        if self.failed:
            raise RolloutFailed(f"Nothing that comes after {name} was changed.")
        return name


def namespace_of(inputs: Mapping[str, Any] | None) -> str:
    if inputs is None:
        raise ValueError("a Deployment was changed and its inputs are not known")
    return str(inputs["metadata"]["namespace"])
