"""Manages IAM roles and policies; IAM has no regions."""

import json
from collections.abc import Collection
from typing import Any

from plugins.aws.resource import AwsResource, change_tags, only, tag_list, tag_map, tag_outputs
from plugins.resource import AutoName
from plugins.values import Properties


class IamResource(AwsResource):
    service = "iam"
    served = frozenset[str]()
    missing = frozenset({"NoSuchEntity", "NoSuchEntityException"})
    regional = False


class Role(IamResource):
    served = frozenset(
        {"assumeRolePolicy", "description", "forceDetachPolicies", "maxSessionDuration", "name"}
        | {"namePrefix", "path", "permissionsBoundary", "tags"}
    )
    replaced_by = frozenset({"name", "namePrefix", "path"})
    defaults = {"forceDetachPolicies": False, "maxSessionDuration": 3600, "path": "/"}
    unreadable = frozenset({"forceDetachPolicies"})
    forms = {"assumeRolePolicy": "policy"}
    auto_name = AutoName(maximum=64)
    parameters = {
        "description": "Description",
        "maxSessionDuration": "MaxSessionDuration",
        "path": "Path",
        "permissionsBoundary": "PermissionsBoundary",
    }

    def create(self, inputs: Properties) -> str:
        request = only(inputs, self.parameters)
        answer = self.call(
            "create_role",
            RoleName=self.physical_name(inputs),
            AssumeRolePolicyDocument=_text(inputs["assumeRolePolicy"]),
            Tags=tag_list(inputs.get("tags", {})),
            **{self.parameters[name]: value for name, value in request.items()},
        )
        return str(answer["Role"]["RoleName"])

    def find_outputs(self, resource_id: str, state: Properties) -> Properties | None:
        answer = self.find("get_role", RoleName=resource_id)
        if answer is None:
            return None
        role = answer["Role"]
        boundary = role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
        return {
            "arn": role["Arn"],
            "assumeRolePolicy": _text(role["AssumeRolePolicyDocument"]),
            "createDate": role["CreateDate"].strftime("%Y-%m-%dT%H:%M:%SZ"),
            "description": role.get("Description"),
            "maxSessionDuration": role.get("MaxSessionDuration", 3600),
            "name": role["RoleName"],
            "path": role["Path"],
            "permissionsBoundary": boundary,
            "uniqueId": role["RoleId"],
            **tag_outputs(tag_map(role.get("Tags", []))),
        }

    def update(
        self, resource_id: str, state: Properties, inputs: Properties, changed: Collection[str]
    ) -> None:
        name = resource_id
        if "assumeRolePolicy" in changed:
            document = _text(inputs["assumeRolePolicy"])
            self.call("update_assume_role_policy", RoleName=name, PolicyDocument=document)
        description = inputs.get("description", "")
        if "maxSessionDuration" in changed:
            self.call(
                "update_role",
                RoleName=name,
                Description=description,
                MaxSessionDuration=inputs["maxSessionDuration"],
            )
        if "description" in changed:
            self.call("update_role_description", RoleName=name, Description=description)
        if "permissionsBoundary" in changed:
            self._bound(name, inputs.get("permissionsBoundary"))
        change_tags(
            state,
            inputs,
            lambda tags: self.call("tag_role", RoleName=name, Tags=tag_list(tags)),
            lambda keys: self.call("untag_role", RoleName=name, TagKeys=keys),
        )

    def delete(self, resource_id: str, state: Properties) -> None:
        if state.get("forceDetachPolicies"):
            self._detach(resource_id)
        self.find("delete_role", RoleName=resource_id)

    def _bound(self, name: str, boundary: str | None) -> None:
        if boundary:
            operation = "put_role_permissions_boundary"
            self.call(operation, RoleName=name, PermissionsBoundary=boundary)
        else:
            self.call("delete_role_permissions_boundary", RoleName=name)

    def _detach(self, name: str) -> None:
        for attached in (self.find("list_attached_role_policies", RoleName=name) or {}).get(
            "AttachedPolicies", []
        ):
            self.find("detach_role_policy", RoleName=name, PolicyArn=attached["PolicyArn"])
        for policy in (self.find("list_role_policies", RoleName=name) or {}).get("PolicyNames", []):
            self.find("delete_role_policy", RoleName=name, PolicyName=policy)


class RolePolicy(IamResource):
    served = frozenset({"name", "namePrefix", "policy", "role"})
    replaced_by = frozenset({"name", "namePrefix", "role"})
    forms = {"policy": "policy"}
    auto_name = AutoName(maximum=128)

    def create(self, inputs: Properties) -> str:
        name = self.physical_name(inputs)
        self._put(inputs["role"], name, inputs["policy"])
        return f"{inputs['role']}:{name}"

    def find_outputs(self, resource_id: str, state: Properties) -> Properties | None:
        role, _, name = resource_id.partition(":")
        answer = self.find("get_role_policy", RoleName=role, PolicyName=name)
        if answer is None:
            return None
        return {"name": name, "policy": _text(answer["PolicyDocument"]), "role": role}

    def update(
        self, resource_id: str, state: Properties, inputs: Properties, changed: Collection[str]
    ) -> None:
        role, _, name = resource_id.partition(":")
        self._put(role, name, inputs["policy"])

    def delete(self, resource_id: str, state: Properties) -> None:
        role, _, name = resource_id.partition(":")
        self.find("delete_role_policy", RoleName=role, PolicyName=name)

    def _put(self, role: str, name: str, policy: Any) -> None:
        document = _text(policy)
        self.call("put_role_policy", RoleName=role, PolicyName=name, PolicyDocument=document)


class RolePolicyAttachment(IamResource):
    served = frozenset({"policyArn", "role"})
    replaced_by = served

    def create(self, inputs: Properties) -> str:
        role, policy = inputs["role"], inputs["policyArn"]
        self.call("attach_role_policy", RoleName=role, PolicyArn=policy)
        return f"{role}/{policy}"

    def find_outputs(self, resource_id: str, state: Properties) -> Properties | None:
        role, _, policy = resource_id.partition("/")
        answer = self.find("list_attached_role_policies", RoleName=role)
        attached = [each["PolicyArn"] for each in (answer or {}).get("AttachedPolicies", [])]
        return {"policyArn": policy, "role": role} if policy in attached else None

    def delete(self, resource_id: str, state: Properties) -> None:
        role, _, policy = resource_id.partition("/")
        self.find("detach_role_policy", RoleName=role, PolicyArn=policy)


def _text(document: Any) -> str:
    return document if isinstance(document, str) else json.dumps(document)
