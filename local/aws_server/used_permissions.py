"""Records the permissions that roles and AWS services use, and compares them with the policies."""

import json
from collections.abc import Iterator
from typing import Any

from moto.iam.models import iam_backends

from local.aws_server.policies import Statement, matches, statements_of
from local.aws_server.resource_policies import all_of, resources_with_policies

PATH = "/permissions"
SERVICES = ("ses.amazonaws.com", "sns.amazonaws.com")  # whose requests the emulator makes


class UsedPermissions:
    """Contains the used actions and resources of each role and service since the start."""

    def __init__(self) -> None:
        self._used: set[tuple[str, str, str]] = set()

    def add(self, principal: str, action: str, resource: str) -> None:
        self._used.add((principal, action, resource))

    def report(self) -> list[dict[str, Any]]:
        """Return each permission of roles and services, with whether it was used."""
        return [
            {
                "principal": principal,
                "action": action,
                "resource": resource,
                "used": self.is_used(principal, action, resource),
            }
            for principal, action, resource in (*granted_to_roles(), *granted_to_services())
        ]

    def is_used(self, principal: str, action: str, resource: str) -> bool:
        return any(
            principal == used_principal
            and matches(action.lower(), used_action.lower())
            and matches(resource, used_resource)
            for used_principal, used_action, used_resource in tuple(self._used)
        )

    def application(self, other: Any) -> Any:
        """Answer GET /permissions with the report, and pass other requests on."""

        def application(environ: dict[str, Any], start_response: Any) -> Any:
            if environ["PATH_INFO"] != PATH:
                return other(environ, start_response)
            body = json.dumps({"permissions": self.report()}).encode()
            start_response("200 OK", [("Content-Type", "application/json")])
            return [body]

        return application


USED = UsedPermissions()


def granted_to_roles() -> Iterator[tuple[str, str, str]]:
    for role in all_of(iam_backends, "roles"):
        for document in role.policies.values():
            for statement in statements_of(document):
                for action, resource in permissions(statement):
                    yield role.name, action, resource


def granted_to_services() -> Iterator[tuple[str, str, str]]:
    for arn, document in resources_with_policies():
        for statement in statements_of(document):
            for service in {*SERVICES} & {*statement.principals.get("Service", ())}:
                for action, _ in permissions(statement):
                    yield service, action, arn


def permissions(statement: Statement) -> Iterator[tuple[str, str]]:
    """Yield each action with the resources that it can have."""
    for action in statement.actions if statement.effect == "Allow" else ():
        for resource in statement.resources:
            if can_have(action, resource):
                yield action, resource


def can_have(action: str, resource: str) -> bool:
    """Return True for resources of the action's service; indexes are only read by two actions."""
    if "/index/" in resource and action not in ("dynamodb:Query", "dynamodb:Scan"):
        return False
    service = action.partition(":")[0]
    return resource == "*" or matches(resource.split(":")[2], service)
