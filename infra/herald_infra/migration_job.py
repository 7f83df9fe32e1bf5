"""A job that brings a database to the state that an image expects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi import Input, ResourceOptions

from infra.kubernetes_object import KubernetesObject, Manifest
from infra.restricted_pod import Environment, Resources, container, pod

DEADLINE = 600  # seconds, with the time that a new server needs to answer


@dataclass(frozen=True, kw_only=True)
class MigrationJobArgs:
    namespace: Input[str]
    labels: Mapping[str, str]
    image: Input[str]
    arguments: Sequence[str]
    environment: Environment
    resources: Resources


class MigrationJob(pulumi.ComponentResource):
    """Runs to its end once for each image, and again when a setting changes.

    What depends on it starts after it succeeded; when it fails, the running pods stay.
    The job gets a name of its own each time, so an interrupted run never blocks the next.
    """

    def __init__(
        self, name: str, args: MigrationJobArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("herald:infra:MigrationJob", name, {}, opts)
        self.job = KubernetesObject(
            name,
            api="batch/v1",
            kind="Job",
            metadata={"namespace": args.namespace, "labels": dict(args.labels)},
            body={"spec": run_once(args)},
            opts=ResourceOptions(parent=self),
        )
        self.register_outputs({})


def run_once(args: MigrationJobArgs) -> Manifest:
    migration = container(
        "migrate",
        image=args.image,
        environment=args.environment,
        resources=args.resources,
        arguments=args.arguments,
    )
    return {
        "backoffLimit": 3,
        "activeDeadlineSeconds": DEADLINE,
        "template": pod(args.labels, migration, {"restartPolicy": "Never"}),
    }
