"""Reads the price tables, one per region, and the assumed usage."""

import tomllib
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

TABLES = Path(__file__).parent / "prices"
USAGE = Path(__file__).parent / "usage.toml"


class NoTable(Exception):
    """Reports a region without prices; the message gives the remedy."""


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Usage(Section):
    """Describes the usage of one environment in a month."""

    reminders: Decimal
    notifications: Decimal
    email_share: Decimal
    event_kb: Decimal
    event_gb: Decimal
    idle_polls: Decimal
    function_seconds: Decimal
    log_gb: Decimal
    image_gb: Decimal
    nat_gb: Decimal
    nodes: Decimal
    disk_gb: Decimal
    gateway_addresses: Decimal
    gateway_capacity: Decimal
    bucket_gb: Decimal
    metric_samples: Decimal

    @property
    def emails(self) -> Decimal:
        return self.notifications * self.email_share

    @property
    def events(self) -> Decimal:
        """Return the stored events: one per reminder and three per notification."""
        return self.reminders + 3 * self.notifications

    def published(self, topic: str) -> Decimal | None:
        """Return the messages that a topic of the platform receives, or None if unknown."""
        known = {
            "alarms": Decimal(0),
            "email-notices": self.emails,
            "event": self.events - self.notifications,
            "notification": self.notifications,  # due notifications
        }
        return known.get(topic)

    def received(self, queue: str) -> Decimal | None:
        """Return the messages that a queue of the platform receives, or None if unknown."""
        known = {"event": self.events, "notification": self.notifications + self.emails}
        return known.get(queue)


class Prices(Section):
    region: str
    as_of: date
    checked: bool  # True if every price was compared with the source
    currency: str
    source: str
    sns: dict[str, Decimal]
    sqs: dict[str, Decimal]
    dynamodb: dict[str, Decimal]
    rds: dict[str, Decimal | dict[str, Decimal]]
    lambda_: dict[str, Decimal]
    scheduler: dict[str, Decimal]
    kms: dict[str, Decimal]
    cloudwatch: dict[str, Decimal]
    ecr: dict[str, Decimal]
    ses: dict[str, Decimal]
    ec2: dict[str, Decimal]
    eks: dict[str, Decimal]
    load_balancer: dict[str, Decimal]
    s3: dict[str, Decimal]
    prometheus: dict[str, Decimal]

    def server_hour(self, instance_class: str) -> Decimal | None:
        classes = self.rds["hour"]
        assert isinstance(classes, dict)
        return classes.get(instance_class)


def read_prices(region: str) -> Prices:
    file = TABLES / f"{region}.toml"
    if not file.exists():
        known = ", ".join(sorted(each.stem for each in TABLES.glob("*.toml")))
        raise NoTable(
            f"expected prices of region {region}; found only {known}. "
            f"`make prices REGIONS={region}` fetches the price list of AWS"
        )
    table: dict[str, Any] = tomllib.loads(file.read_text(), parse_float=Decimal)
    table["lambda_"] = table.pop("lambda")
    return Prices.model_validate(table)


def usage_of(environment: str) -> Usage:
    usage = tomllib.loads(USAGE.read_text(), parse_float=Decimal)
    return Usage.model_validate({**usage["default"], **usage.get(environment, {})})
