"""Runs the scheduler as pods or as a Lambda function."""

from collections.abc import Sequence

import pulumi
from herald_infra.scheduled_function import ScheduledFunction, ScheduledFunctionArgs
from herald_infra.service_database import ServiceDatabase
from herald_infra.use import Use
from pulumi import ResourceOptions

from stacks.config.images import ImagesConfig
from stacks.config.project import PROJECT
from stacks.platform.workloads import Cluster

NAME = "notification-scheduler"
# The image runs `python -m $SERVICE` with its arguments, here the Python client of Lambda.
LAMBDA = {"SERVICE": "awslambdaric"}
HANDLER = "notification_scheduler.handler.handle"
ARCHITECTURES = {"linux/amd64": "x86_64", "linux/arm64": "arm64"}  # as Lambda names them


def scheduler(cluster: Cluster, *, database: ServiceDatabase, uses: Sequence[Use]) -> None:
    """Run the scheduler as pods or as a function, as `herald:scheduler.runtime` says."""
    config, platform = cluster.config.scheduler, cluster.platform
    if config.runtime == "deployment":
        cluster.service(NAME, database=database, uses=uses)
        return
    whole = cluster.prepare(NAME, database, uses, None)
    function = ScheduledFunction(
        cluster.full_name(NAME),
        ScheduledFunctionArgs(
            image=cluster.image(NAME).by_digest,
            command=[HANDLER],
            architecture=architecture(cluster.config.images),
            environment={**cluster.telemetry(), **whole.environment.plain_values(), **LAMBDA},
            statements=whole.statements,
            subnet_ids=platform.existing.function_subnet_ids,
            security_group_ids=platform.existing.function_security_group_ids,
            kms_key_arn=platform.key.arn,
            alarm_topic_arn=platform.alarms.arn,
        ),
        ResourceOptions(depends_on=[database.migration]),
    )
    platform.panels += function.panels()


def architecture(images: ImagesConfig) -> str:
    """Return the architecture of the function. Lambda rejects images of several platforms."""
    if len(images.platforms) != 1:
        raise pulumi.RunError(
            f"{PROJECT}:images.platforms must name one platform for Lambda; got "
            f"{images.platforms}. Name one, or set {PROJECT}:scheduler.runtime to deployment."
        )
    return ARCHITECTURES[images.platforms[0]]
