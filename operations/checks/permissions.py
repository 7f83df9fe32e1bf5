"""Simulates whether the operator's identity may do everything that an update needs."""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from operations.checks.problem import NotWell
from operations.errors import OperatorError
from operations.stack import Stack
from stacks.config.project import PROJECT

NAMED = 5  # missing permissions in the message
ANY = "any"  # replaces a wildcard of a resource's ARN


def permissions(stack: Stack) -> str:
    principal = principal_of(stack)
    if principal is None:
        return "the root user of the account may do everything"
    try:
        simulated = [simulate(stack, principal, each) for each in statements_of(stack)]
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("AccessDenied", "AccessDeniedException"):
            raise
        raise NotWell(
            f"{principal} may not simulate its own permissions",
            "allow iam:GetRole and iam:SimulatePrincipalPolicy on it, or use the deploy role",
        ) from None
    missing = sorted({action for denied in simulated for action in denied})
    if missing:
        more = f" and {len(missing) - NAMED} more" if len(missing) > NAMED else ""
        raise NotWell(
            f"{principal} may not {', '.join(missing[:NAMED])}{more}",
            "use the deploy role of the foundation, or allow what "
            "stacks/foundation/deployment.py lists",
        )
    return f"{principal} may do what an update needs"


def principal_of(stack: Stack) -> str | None:
    """Return the ARN of the user, or of the role of the session; None for the root user."""
    arn = stack.caller["Arn"]
    kind, _, name = arn.rpartition(":")[2].partition("/")
    if kind == "root":
        return None
    if kind != "assumed-role":
        return arn
    role = stack.client("iam").get_role(RoleName=name.partition("/")[0])
    return str(role["Role"]["Arn"])


def statements_of(stack: Stack) -> list[Mapping[str, Any]]:
    """Return the permissions that the foundation grants to the deploy role."""
    from stacks.foundation.deployment import Place, deployment

    try:
        foundation = stack.foundation_outputs
    except OperatorError as error:
        raise NotWell(str(error), "provision the foundation first") from None
    region, account = stack.written["aws:region"], stack.written[f"{PROJECT}:account"]
    boundary = foundation.get("permissions_boundary_arn") or stack.written.get(
        f"{PROJECT}:access", {}
    ).get("permissionsBoundaryArn", "")
    place = Place(
        region=region,
        account=account,
        prefix=stack.written[f"{PROJECT}:prefix"],
        cluster=foundation.get("cluster_name", ANY),
        zone_id=(foundation.get("zone") or {}).get("id"),
    )
    workspace = foundation.get("metrics_workspace_id", ANY)
    groups = deployment(place, boundary, place.arn("aps", f"workspace/{workspace}"))
    return [statement for group in groups.values() for statement in group]


def simulate(stack: Stack, principal: str, statement: Mapping[str, Any]) -> set[str]:
    """Return the actions of a statement that are allowed on none of its resources."""
    pages = stack.client("iam").get_paginator("simulate_principal_policy").paginate(
        PolicySourceArn=principal,
        ActionNames=statement["Action"],
        ResourceArns=[concrete(each) for each in statement["Resource"]],
        ContextEntries=context_of(statement.get("Condition", {})),
    )  # fmt: skip
    results = [each for page in pages for each in page["EvaluationResults"]]
    allowed = {each["EvalActionName"] for each in results if each["EvalDecision"] == "allowed"}
    return set(statement["Action"]) - allowed


def concrete(resource: str) -> str:
    return resource if resource == "*" else resource.replace("*", ANY)


def context_of(conditions: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the context of a request that satisfies the conditions of a statement."""
    return [
        {"ContextKeyName": key, "ContextKeyValues": [first(values)], "ContextKeyType": "string"}
        for operator, keys in conditions.items()
        for key, values in keys.items()
        if "Not" not in operator
    ]


def first(values: Any) -> str:
    return str(values if isinstance(values, str) else next(iter(values)))
