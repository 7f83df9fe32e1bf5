"""Emulates the simulation of a role's policies.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
"""

from typing import Any

from moto.core.responses import ActionResult
from moto.iam.responses import IamResponse

from local.aws_server.authorization import policies_of_role
from local.aws_server.policies import Request, find_refusal
from local.aws_server.replacement import add_method


def extend() -> None:
    add_method(IamResponse, "simulate_principal_policy", simulate)


def simulate(response: IamResponse) -> ActionResult:
    """Evaluate each action on each resource, with the given context.

    An ARN that is not of a role is the developer's, who may do everything.
    """
    asked, backend = response._get_params(), response.backend
    source, groups = str(asked["PolicySourceArn"]), []
    if ":role/" in source:
        groups = policies_of_role(backend, backend.get_role_by_arn(source))
    context = {
        each["ContextKeyName"]: each["ContextKeyValues"] for each in asked.get("ContextEntries", ())
    }
    requests = [
        Request(action, resource, context)
        for action in asked["ActionNames"]
        for resource in asked.get("ResourceArns", ["*"])
    ]
    results: list[dict[str, Any]] = [
        {
            "EvalActionName": each.action,
            "EvalResourceName": each.resource,
            "EvalDecision": decision(groups, each),
        }
        for each in requests
    ]
    return ActionResult({"EvaluationResults": results, "IsTruncated": False})


def decision(groups: Any, request: Request) -> str:
    refusals = [reason for group in groups if (reason := find_refusal(group, request))]
    if any("explicit deny" in reason for reason in refusals):
        return "explicitDeny"
    return "implicitDeny" if refusals else "allowed"
