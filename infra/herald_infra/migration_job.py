"""Creates a job that migrates a database to the version of an image."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi import CustomTimeouts, Input, ResourceOptions

from herald_infra.kubernetes_object import KubernetesObject, Manifest
from herald_infra.restricted_pod import Environment, Resources, container, pod

DEADLINE = 600  # seconds, including the start of a new server


@dataclass(frozen=True, kw_only=True)
class MigrationJobArgs:
    namespace: Input[str]
    labels: Mapping[str, str]
    image: Input[str]
    arguments: Sequence[str]
    environment: Environment
    resources: Resources
    patience: float = 1  # factor for the seconds of the job; slow clusters need more


class MigrationJob(pulumi.ComponentResource):
    """Runs once for each image, and again when a setting changes.

    Dependent resources start after its success. If it fails, the running pods stay. Each job has a
    different name, so an interrupted run does not block the next.
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
            opts=ResourceOptions(
                parent=self, custom_timeouts=CustomTimeouts(create=f"{deadline(args)}s")
            ),
        )
        self.register_outputs({})


def deadline(args: MigrationJobArgs) -> int:
    return round(DEADLINE * args.patience)


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
        "activeDeadlineSeconds": deadline(args),
        "template": pod(args.labels, migration, {"restartPolicy": "Never"}),
    }
