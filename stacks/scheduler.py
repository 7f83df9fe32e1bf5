"""The clock of the platform: pods that sleep until the next notification, or a function."""

from collections.abc import Mapping, Sequence

from pulumi import ResourceOptions

from infra.dashboard import Panel
from infra.encryption_key import EncryptionKey
from infra.policy_document import Statement
from infra.scheduled_function import ScheduledFunction, ScheduledFunctionArgs
from infra.service_database import ServiceDatabase
from infra.service_secret import SecretKey
from infra.topic import Topic
from stacks.config import ServiceName
from stacks.workloads import Cluster

NAME: ServiceName = "notification-scheduler"
# The image runs `python -m $SERVICE` with its arguments; this is Lambda's client in Python.
LAMBDA = {"SERVICE": "awslambdaric"}
HANDLER = "notification_scheduler.handler.handle"


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
