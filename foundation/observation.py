"""What comparing the platform with its program needs in AWS: what updates read, and no more."""

from collections.abc import Sequence

from foundation.deployment import SYSTEM, Place, granted
from infra.policy_document import Statement

READS = ("BatchCheck", "BatchGet", "Describe", "Get", "List")


def observation(place: Place, deployment: Sequence[Statement]) -> list[Statement]:
    """The statements of a deployment without the actions that change anything."""
    kept = [{**each, "Action": [*filter(reads, each["Action"])]} for each in deployment]
    return [*[each for each in kept if each["Action"]], administrators_password(place)]


def reads(action: str) -> bool:
    return action.partition(":")[2].startswith(READS)


def administrators_password(place: Place) -> Statement:
    """The program asks for it; it is encrypted with the platform's key, used for nothing else."""
    asked = {
        "aws:ResourceTag/system": SYSTEM,
        "kms:ViaService": f"secretsmanager.{place.region}.amazonaws.com",
    }
    decrypted = granted("kms", ["Decrypt"], [place.arn("kms", "key/*")])
    return {**decrypted, "Condition": {"StringEquals": asked}}
