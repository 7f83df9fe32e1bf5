"""The price table of the repository, and the use that estimates assume."""

import tomllib
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

TABLE = Path(__file__).parent / "prices.toml"


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Usage(Section):
    """Of one environment in one month."""

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
    disk_gb: Decimal
    bucket_gb: Decimal

    @property
    def emails(self) -> Decimal:
        return self.notifications * self.email_share

    @property
    def events(self) -> Decimal:
        """Published to topics: each reminder, and three of each notification."""
        return self.reminders + 3 * self.notifications


class Prices(Section):
    region: str
    as_of: date
    checked: bool  # whether every price was compared with the source
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
    ec2: dict[str, Decimal | dict[str, Decimal]]
    eks: dict[str, Decimal]
    s3: dict[str, Decimal]
    usage: dict[str, dict[str, Decimal]]

    def server_hour(self, instance_class: str) -> Decimal | None:
        return hour_of(self.rds, instance_class)

    def machine_hour(self, instance_type: str) -> Decimal | None:
        return hour_of(self.ec2, instance_type)

    def ec2_price(self, name: str) -> Decimal:
        price = self.ec2[name]
        assert isinstance(price, Decimal)
        return price

    def usage_of(self, environment: str) -> Usage:
        return Usage.model_validate({**self.usage["default"], **self.usage.get(environment, {})})


def hour_of(table: dict[str, Decimal | dict[str, Decimal]], kind: str) -> Decimal | None:
    kinds = table["hour"]
    assert isinstance(kinds, dict)
    return kinds.get(kind)


def read_prices(file: Path = TABLE) -> Prices:
    table: dict[str, Any] = tomllib.loads(file.read_text(), parse_float=Decimal)
    table["lambda_"] = table.pop("lambda")
    return Prices.model_validate(table)
