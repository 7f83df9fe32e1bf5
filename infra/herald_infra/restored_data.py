"""Names the origins of the data of new servers and tables."""

from dataclasses import dataclass

from pulumi import Input


@dataclass(frozen=True, kw_only=True)
class PointInTime:
    """Describes the data of another server or table at a moment, from its continuous backups."""

    source: Input[str]  # identifier of the server, or name of the table
    time: str | None = None  # RFC 3339; None: the latest restorable moment


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """Describes the data of a snapshot of a server."""

    name: str
    kms_key_arn: Input[str]  # encrypts the snapshot and every server that is restored from it
