"""How an RDS server does: what its alarms tell, and what a dashboard shows."""

from __future__ import annotations  # so that the SDK's modules load only when used

from collections.abc import Mapping
from typing import Any, Literal

from pulumi import Input
from pulumi_aws import rds

from infra.dashboard import Metric, Panel
from infra.metric_alarm import MetricAlarmArgs

GIB = 1024**3
BUSY = 80  # percent of the processors
SCARCE = 5 * GIB  # of storage left


def panels(title: str, instance: rds.Instance, most_connections: int) -> list[Panel]:
    about = {"DBInstanceIdentifier": instance.identifier}
    processor = load("CPUUtilization", "percent", about)
    connections = load("DatabaseConnections", "connections", about)
    storage_left = load("FreeStorageSpace", "bytes", about, "Minimum")
    return [
        Panel(title=f"{title}: processors", metrics=[processor], limit=BUSY),
        Panel(title=f"{title}: storage left", metrics=[storage_left], limit=SCARCE),
        Panel(title=f"{title}: connections", metrics=[connections], limit=most_connections),
    ]


def load(
    name: str,
    label: str,
    about: Mapping[str, Input[str]],
    statistic: Literal["Average", "Minimum"] = "Average",
) -> Metric:
    return Metric(
        namespace="AWS/RDS", name=name, dimensions=about, label=label, statistic=statistic
    )


def alarms(
    name: str, instance: rds.Instance, connections: int, topic_arn: Input[str]
) -> dict[str, MetricAlarmArgs]:
    about: dict[str, Any] = {
        "namespace": "AWS/RDS",
        "dimensions": {"DBInstanceIdentifier": instance.identifier},
        "statistic": "Average",
        "minutes": 5,
        "topic_arn": topic_arn,
    }
    return {
        "processor": MetricAlarmArgs(
            description=f"The processors of server {name} are busy over {BUSY} %",
            metric="CPUUtilization",
            threshold=BUSY,
            **about,
        ),
        "storage": MetricAlarmArgs(
            description=f"Server {name} has less than {SCARCE // GIB} GiB of storage left",
            metric="FreeStorageSpace",
            comparison="LessThanThreshold",
            threshold=SCARCE,
            **about,
        ),
        "connections": MetricAlarmArgs(
            description=f"Server {name} has more than {connections} connections",
            metric="DatabaseConnections",
            threshold=connections,
            **about,
        ),
    }
