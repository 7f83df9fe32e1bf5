"""Records the permissions that roles use, and compares them with the policies."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from moto.iam.models import Role, iam_backends

from local.aws_server.policies import Statement, matches, statements_of

PATH = "/permissions"


class UsedPermissions:
    """Contains the allowed actions and resources of each role since the emulator started."""

    def __init__(self) -> None:
        self._used: set[tuple[str, str, str]] = set()

    def add(self, role: str, action: str, resource: str) -> None:
        self._used.add((role, action, resource))

    def report(self, roles: Iterable[Role]) -> list[dict[str, Any]]:
        """Return each permission of the roles, with whether it was used."""
        return [
            {
                "role": role.name,
                "action": action,
                "resource": resource,
                "used": self.is_used(role.name, action, resource),
            }
            for role in roles
            for document in role.policies.values()
            for statement in statements_of(document)
            for action, resource in permissions(statement)
        ]

    def is_used(self, role: str, action: str, resource: str) -> bool:
        return any(
            role == used_role
            and matches(action.lower(), used_action.lower())
            and matches(resource, used_resource)
            for used_role, used_action, used_resource in tuple(self._used)
        )

    def application(self, other: Any) -> Any:
        """Answer GET /permissions with the report, and pass other requests on."""

        def application(environ: dict[str, Any], start_response: Any) -> Any:
            if environ["PATH_INFO"] != PATH:
                return other(environ, start_response)
            body = json.dumps({"permissions": self.report(all_roles())}).encode()
            start_response("200 OK", [("Content-Type", "application/json")])
            return [body]

        return application


def all_roles() -> list[Role]:
    return [
        role
        for account in list(iam_backends.values())
        for backend in account.values()
        for role in backend.roles.values()
    ]


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
