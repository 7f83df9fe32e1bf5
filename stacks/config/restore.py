"""Configures restores: a new server or table replaces another."""

from datetime import UTC, datetime
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator

from stacks.config.section import Section
from stacks.config.services import MAX_NAME, NAME

LATEST = "latest"
ServerName = Annotated[str, Field(pattern=r"^postgres(-[1-9][0-9]{0,2})?$")]
TableName = Annotated[str, Field(pattern=rf"^{NAME.pattern}$", max_length=MAX_NAME)]


def read_moment(given: Any) -> Any:
    """Return a moment in RFC 3339 and UTC; `latest` stays unchanged.

    YAML parses a moment without quotes, and the engine then prints it in the format of Go.
    """
    if given == LATEST or not isinstance(given, str):
        return given
    try:
        moment = datetime.fromisoformat(given.replace(" +0000 UTC", "+00:00"))
    except ValueError as error:
        raise ValueError("expected a moment such as 2026-11-29T08:30:00Z, or latest") from error
    if moment.tzinfo is None:
        raise ValueError(f"expected a moment with its offset, such as {given}Z")
    if moment > datetime.now(UTC):
        raise ValueError("expected a moment in the past, or latest")
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


Moment = Annotated[str, BeforeValidator(read_moment)]


class Replacement(Section):
    """Contains the settings of every restore."""

    keep_source: bool = True  # False removes the source, which must be unlocked first

    @model_validator(mode="after")
    def two_names(self) -> Self:
        source, target = getattr(self, "source", None), getattr(self, "target", None)
        if source == target:
            raise ValueError(f"expected a target other than the source {source}")
        return self


class ServerRestore(Replacement):
    """Restores a server from the backups of another server, or from a snapshot."""

    source: ServerName | None = None  # the server that is replaced; None with only a snapshot
    target: ServerName  # name of the new server
    at: Moment | None = None  # RFC 3339, or latest
    # Restored instead of a point in time.
    snapshot: str | None = Field(default=None, pattern=r"^[A-Za-z][A-Za-z0-9:-]{0,254}$")
    snapshot_key: str | None = Field(
        default=None, pattern=r"^arn:aws[a-z-]*:kms:\S+:key/\S+$"
    )  # of `snapshot`

    @model_validator(mode="after")
    def one_origin(self) -> Self:
        if (self.at is None) == (self.snapshot is None):
            raise ValueError("expected either `at` or `snapshot`")
        if self.at is not None and self.source is None:
            raise ValueError("expected `source`, the server whose backups hold the data of `at`")
        if (self.snapshot is None) != (self.snapshot_key is None):
            raise ValueError("expected both `snapshot` and `snapshotKey`, or neither")
        return self


class TableRestore(Replacement):
    """Restores a table from the backups of another table."""

    source: TableName  # the table that is replaced
    target: TableName  # name of the new table
    at: Moment  # RFC 3339, or latest


def restorable_time(at: str) -> str | None:
    """Return the time, or None for the latest moment."""
    return None if at == LATEST else at
