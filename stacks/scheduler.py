"""The clock of the platform: pods that sleep until the next notification, or a function."""

from collections.abc import Mapping, Sequence

import pulumi
from pulumi import ResourceOptions

from infra.dashboard import Panel
from infra.encryption_key import EncryptionKey
from infra.policy_document import Statement
from infra.scheduled_function import ScheduledFunction, ScheduledFunctionArgs
from infra.service_database import ServiceDatabase
from infra.service_secret import SecretKey
from infra.topic import Topic
from stacks.config import ImagesConfig, ServiceName
from stacks.foundation import PLATFORMS
from stacks.workloads import Cluster

NAME: ServiceName = "notification-scheduler"
# The image runs `python -m $SERVICE` with its arguments; this is Lambda's client in Python.
LAMBDA = {"SERVICE": "awslambdaric"}
HANDLER = "notification_scheduler.handler.handle"
ARCHITECTURES = {platform: name for name, platform in PLATFORMS.items()}  # as Lambda names them


def scheduler(
    cluster: Cluster,
    key: EncryptionKey,
    alarms: Topic,
    *,
    database: ServiceDatabase,
    secrets: Mapping[str, SecretKey],
    may: Sequence[Statement],
) -> list[Panel]:
    """Gives the panels of a function; pods have none of their own."""
    config = cluster.config.scheduler
    if config.runtime == "deployment":
        cluster.service(NAME, database=database, secrets=secrets, may=may)
        return []
    told = cluster.environment(NAME, database, {}, secrets)
    function = ScheduledFunction(
        cluster.full_name(NAME),
        ScheduledFunctionArgs(
            image=cluster.images[NAME].by_digest,
            command=[HANDLER],
            architecture=architecture(cluster.config.images),
            environment={**cluster.telemetry(), **told.in_clear(), **LAMBDA},
            statements=may,
            subnet_ids=cluster.around.function_subnet_ids,
            security_group_ids=cluster.around.function_security_group_ids,
            kms_key_arn=key.arn,
            alarm_topic_arn=alarms.arn,
        ),
        ResourceOptions(depends_on=[database.migration]),
    )
    return function.panels()


def architecture(images: ImagesConfig) -> str:
    """Of the function; Lambda refuses an image of several platforms, and needs to know the one."""
    if len(images.platforms) != 1:
        raise pulumi.RunError(
            "herald:images.platforms must name one platform, for Lambda runs images of one alone, "
            f"but is {images.platforms}; name one, or set herald:scheduler.runtime to deployment."
        )
    return ARCHITECTURES[images.platforms[0]]
