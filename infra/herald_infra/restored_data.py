"""Names the origins of the data of new servers and tables."""

from collections.abc import Sequence
from dataclasses import dataclass

from pulumi import CustomTimeouts, Input, ResourceOptions

RESTORED_WITHIN = "24h"  # the AWS provider waits for 30 or 40 minutes by default


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


def origin_options(
    origin: PointInTime | Snapshot | None, properties: Sequence[str]
) -> ResourceOptions:
    """Return options of a resource whose data may have an origin.

    `properties` name the origin. Their changes are ignored, because they would replace the
    resource.
    """
    timeouts = None if origin is None else CustomTimeouts(create=RESTORED_WITHIN)
    return ResourceOptions(ignore_changes=[*properties], custom_timeouts=timeouts)
