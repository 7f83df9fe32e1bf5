"""Lists the read permissions that a comparison of the platform with its program needs."""

from collections.abc import Mapping, Sequence

from herald_infra.policy_document import Statement

from stacks.foundation.deployment import SYSTEM, Place, granted

READS = ("BatchCheck", "BatchGet", "Describe", "Get", "List")


def observation(
    place: Place, deployment: Mapping[str, Sequence[Statement]]
) -> dict[str, list[Statement]]:
    """Return the policies of a deployment without the actions that change anything."""
    kept = {title: read_only(statements) for title, statements in deployment.items()}
    return {**kept, "password": [administrators_password(place)]}


def read_only(statements: Sequence[Statement]) -> list[Statement]:
    kept = [{**each, "Action": [*filter(reads, each["Action"])]} for each in statements]
    return [each for each in kept if each["Action"]]


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
