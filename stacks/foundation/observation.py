"""Lists the read permissions of the nightly drift detection."""

from collections.abc import Mapping, Sequence

from herald_infra.policy_document import Statement

from stacks.foundation.deployment import SYSTEM, Place, granted

READS = ("BatchCheck", "BatchGet", "Describe", "Get", "List")


def observation(
    place: Place, deployment: Mapping[str, Sequence[Statement]]
) -> dict[str, list[Statement]]:
    """Return the policies of a deployment, reduced to actions that only read."""
    kept = {title: read_only(statements) for title, statements in deployment.items()}
    return {**kept, "password": [administrators_password(place)]}


def read_only(statements: Sequence[Statement]) -> list[Statement]:
    kept = [{**one, "Action": [*filter(is_read, one["Action"])]} for one in statements]
    return [statement for statement in kept if statement["Action"]]


def is_read(action: str) -> bool:
    return action.partition(":")[2].startswith(READS)


def administrators_password(place: Place) -> Statement:
    """Return the permission to decrypt the administrator's password, which the program reads."""
    conditions = {
        "aws:ResourceTag/system": SYSTEM,
        "kms:ViaService": f"secretsmanager.{place.region}.amazonaws.com",
    }
    statement = granted("kms", ["Decrypt"], [place.arn("kms", "key/*")])
    return {**statement, "Condition": {"StringEquals": conditions}}
