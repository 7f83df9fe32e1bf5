"""Defines the alarms and graphs of an RDS server."""

from __future__ import annotations  # the modules of the SDK load only when they are used

from collections.abc import Mapping
from typing import Any, Literal, Protocol

from pulumi import Input
from pulumi_aws import rds

from herald_infra.dashboard import Metric, Panel
from herald_infra.metric_alarm import MetricAlarmArgs

GIB = 1024**3
BUSY = 80  # percent of the processors
SCARCE = 5  # percent of the initial storage that are free; RDS grows it at 10 percent


class Limits(Protocol):
    """Lists the arguments of a server that its alarms and graphs need."""

    @property
    def storage(self) -> int: ...  # GiB at creation
    @property
    def alarm_connections(self) -> int: ...
    @property
    def alarm_topic_arn(self) -> Input[str] | None: ...


def scarce_storage(limits: Limits) -> int:
    """Return the free bytes at which the alarm fires: fewer than RDS leaves where it can grow."""
    return limits.storage * GIB * SCARCE // 100


def panels(title: str, instance: rds.Instance, limits: Limits) -> list[Panel]:
    about = {"DBInstanceIdentifier": instance.identifier}
    processor = load("CPUUtilization", "percent", about)
    connections = load("DatabaseConnections", "connections", about)
    storage_left = load("FreeStorageSpace", "bytes", about, "Minimum")
    return [
        Panel(title=f"{title}: processors", metrics=[processor], limit=BUSY),
        Panel(title=f"{title}: storage left", metrics=[storage_left], limit=scarce_storage(limits)),
        Panel(title=f"{title}: connections", metrics=[connections], limit=limits.alarm_connections),
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


def alarms(name: str, instance: rds.Instance, limits: Limits) -> dict[str, MetricAlarmArgs]:
    connections, scarce = limits.alarm_connections, scarce_storage(limits)
    about: dict[str, Any] = {
        "namespace": "AWS/RDS",
        "dimensions": {"DBInstanceIdentifier": instance.identifier},
        "statistic": "Average",
        "minutes": 5,
        "topic_arn": limits.alarm_topic_arn,
    }
    return {
        "silent": MetricAlarmArgs(
            description=f"Server {name} has reported nothing for 5 minutes",
            metric="DatabaseConnections",
            comparison="LessThanThreshold",
            threshold=0,  # only missing data are below
            missing_data="breaching",
            **about,
        ),
        "processor": MetricAlarmArgs(
            description=f"The processors of server {name} are busy over {BUSY} %",
            metric="CPUUtilization",
            threshold=BUSY,
            **about,
        ),
        "storage": MetricAlarmArgs(
            description=f"Server {name} has less than {scarce / GIB:g} GiB of storage left",
            metric="FreeStorageSpace",
            comparison="LessThanThreshold",
            threshold=scarce,
            **about,
        ),
        "connections": MetricAlarmArgs(
            description=f"Server {name} has more than {connections} connections",
            metric="DatabaseConnections",
            threshold=connections,
            **about,
        ),
    }
