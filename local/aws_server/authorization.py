"""Enforces the policies of assumed roles.

Requests without a session token are those of the developer, who may do everything.
"""

from typing import Any

from moto.core.responses import ActionResult, BaseResponse
from moto.core.utils import get_service_model
from moto.iam.exceptions import NotFoundException
from moto.iam.models import IAMBackend, ManagedPolicy, Role, iam_backends

from local.aws_server.policies import Request, Statement, find_refusal, statements_of
from local.aws_server.replacement import replace_method
from local.aws_server.requirements import Requirement, requirements_of
from local.aws_server.resource_policies import find_role_refusal
from local.aws_server.sessions import AccessError, Session, session_of
from local.aws_server.used_permissions import USED

ALWAYS_ALLOWED = {"sts:GetCallerIdentity", "sts:AssumeRoleWithWebIdentity"}
CODES = {  # of refusals, by service, if a service has its own
    "sqs": "AccessDenied",
    "sns": "AuthorizationError",
    "ec2": "UnauthorizedOperation",
}
KEY_CODES = {"sqs": "KMS.AccessDeniedException", "sns": "KMSAccessDenied"}

call_action = BaseResponse.call_action


def extend() -> None:
    """Check each request of a role. moto's own check ignores resources and conditions."""

    def checked(response: BaseResponse) -> Any:
        try:
            check(response)
        except AccessError as error:
            status, headers, body = response.serialized(ActionResult(error))
            headers, body = response._enrich_response(headers, body)
            return 403 if is_xml(response) else status, headers, body
        return call_action(response)

    replace_method(BaseResponse, "call_action", checked)


def check(response: BaseResponse) -> None:
    token = response.headers.get("X-Amz-Security-Token")
    if token is None:
        return
    session = session_of(token)
    for each in requirements_of(response):
        if each.action in ALWAYS_ALLOWED:
            continue
        if reason := find_reason(session, each):
            raise refusal(response, session, each, reason)
        USED.add(session.role_name, each.action, each.resource)


def find_reason(session: Session, needed: Requirement) -> str | None:
    """Return the reason why a role may not do what a request needs, or None."""
    request = Request(needed.action, needed.resource, {**context_of(session), **needed.context})
    for group in policies_of(session):
        if reason := find_refusal(group, request):
            return reason
    return find_role_refusal(session, request)


def policies_of(session: Session) -> list[list[tuple[Statement, ...]]]:
    """Return groups of policies that must each allow a request: the role's, and its boundary."""
    backend = iam_backends[session.account][session.partition]
    try:
        role = backend.get_role_by_arn(session.role_arn)
    except NotFoundException:
        return [[]]
    return policies_of_role(backend, role)


def policies_of_role(backend: IAMBackend, role: Role) -> list[list[tuple[Statement, ...]]]:
    own = [*role.policies.values(), *map(document_of, role.managed_policies.values())]
    if role.permissions_boundary_arn is None:
        return [[statements_of(each) for each in own]]
    boundary = document_of(backend.managed_policies[role.permissions_boundary_arn])
    return [[statements_of(each) for each in own], [statements_of(boundary)]]


def document_of(policy: ManagedPolicy) -> str:
    [document] = [each.document for each in policy.versions if each.is_default]
    return str(document)


def context_of(session: Session) -> dict[str, list[str]]:
    return {
        "aws:PrincipalAccount": [session.account],
        "aws:PrincipalArn": [session.role_arn],
        "aws:SecureTransport": ["true"],  # AWS has TLS at each endpoint of an SDK
    }


def refusal(
    response: BaseResponse, session: Session, requirement: Requirement, reason: str
) -> AccessError:
    service = response.service_name or ""
    is_key = requirement.action.startswith("kms:") and service != "kms"
    default = "AccessDenied" if is_xml(response) else "AccessDeniedException"
    code = (KEY_CODES if is_key else CODES).get(service, default)
    return AccessError(code, describe_refusal(session, requirement, reason))


def describe_refusal(session: Session, requirement: Requirement, reason: str) -> str:
    return (
        f"User: {session.arn} is not authorized to perform: {requirement.action} "
        f"on resource: {requirement.resource} {reason}"
    )


def is_xml(response: BaseResponse) -> bool:
    protocol = response.determine_response_protocol(get_service_model(response.boto3_service_name))
    return protocol in ("query", "rest-xml", "ec2")
