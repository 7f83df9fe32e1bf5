"""Manages KMS keys and their aliases."""

from collections.abc import Collection

from plugins.aws.resource import AwsResource, change_tags, tag_list, tag_map, tag_outputs
from plugins.resource import AutoName
from plugins.values import Properties


class KmsResource(AwsResource):
    service = "kms"
    served = frozenset[str]()
    missing = frozenset({"NotFoundException"})


class Key(KmsResource):
    served = frozenset(
        {"bypassPolicyLockoutSafetyCheck", "customerMasterKeySpec", "deletionWindowInDays"}
        | {"description", "enableKeyRotation", "isEnabled", "keyUsage", "multiRegion", "policy"}
        | {"tags"}
    )
    replaced_by = frozenset({"customerMasterKeySpec", "keyUsage", "multiRegion"})
    defaults = {
        "bypassPolicyLockoutSafetyCheck": False,
        "customerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "enableKeyRotation": False,
        "isEnabled": True,
        "keyUsage": "ENCRYPT_DECRYPT",
    }
    computed = frozenset({"description", "multiRegion", "policy"})
    unreadable = frozenset({"bypassPolicyLockoutSafetyCheck", "deletionWindowInDays"})
    forms = {"policy": "policy"}

    def create(self, inputs: Properties) -> str:
        policy = {"Policy": inputs["policy"]} if inputs.get("policy") else {}
        answer = self.call(
            "create_key",
            Description=inputs.get("description", ""),
            KeySpec=inputs["customerMasterKeySpec"],
            KeyUsage=inputs["keyUsage"],
            MultiRegion=inputs.get("multiRegion", False),
            BypassPolicyLockoutSafetyCheck=inputs["bypassPolicyLockoutSafetyCheck"],
            Tags=tag_list(inputs.get("tags", {}), "TagKey", "TagValue"),
            **policy,
        )
        return str(answer["KeyMetadata"]["KeyId"])

    def find_created(self, inputs: Properties) -> str | None:
        """Return the newest usable key without an alias: the engine creates the alias later."""
        aliased = {each.get("TargetKeyId") for each in self.call("list_aliases")["Aliases"]}
        keys = [
            self.call("describe_key", KeyId=each["KeyId"])["KeyMetadata"]
            for each in self.call("list_keys")["Keys"]
            if each["KeyId"] not in aliased
        ]
        left = [
            key
            for key in keys
            if key["KeyState"] != "PendingDeletion"
            and key["Description"] == inputs.get("description", "")
        ]
        newest = max(left, key=lambda key: key["CreationDate"], default=None)
        return None if newest is None else str(newest["KeyId"])

    def complete(self, resource_id: str, inputs: Properties) -> None:
        if inputs["enableKeyRotation"]:
            self.call("enable_key_rotation", KeyId=resource_id)
        if not inputs["isEnabled"]:
            self.call("disable_key", KeyId=resource_id)

    def find_outputs(self, resource_id: str, state: Properties) -> Properties | None:
        answer = self.find("describe_key", KeyId=resource_id)
        if answer is None or answer["KeyMetadata"]["KeyState"] == "PendingDeletion":
            return None
        key = answer["KeyMetadata"]
        policy = self.call("get_key_policy", KeyId=resource_id, PolicyName="default")["Policy"]
        tags = self.call("list_resource_tags", KeyId=resource_id)["Tags"]
        return {
            "arn": key["Arn"],
            "customerMasterKeySpec": key.get("KeySpec") or key["CustomerMasterKeySpec"],
            "description": key.get("Description"),
            "enableKeyRotation": self._rotates(resource_id),
            "isEnabled": key["Enabled"],
            "keyId": key["KeyId"],
            "keyUsage": key["KeyUsage"],
            "multiRegion": key.get("MultiRegion", False),
            "policy": policy,
            **tag_outputs(tag_map(tags, "TagKey", "TagValue")),
        }

    def update(
        self, resource_id: str, state: Properties, inputs: Properties, changed: Collection[str]
    ) -> None:
        if "isEnabled" in changed and inputs["isEnabled"]:
            self.call("enable_key", KeyId=resource_id)
        if "description" in changed:
            description = inputs.get("description", "")
            self.call("update_key_description", KeyId=resource_id, Description=description)
        if "policy" in changed:
            policy = inputs["policy"]
            self.call("put_key_policy", KeyId=resource_id, PolicyName="default", Policy=policy)
        if "enableKeyRotation" in changed:
            verb = "enable" if inputs["enableKeyRotation"] else "disable"
            self.call(f"{verb}_key_rotation", KeyId=resource_id)
        change_tags(
            state,
            inputs,
            lambda tags: self.call(
                "tag_resource", KeyId=resource_id, Tags=tag_list(tags, "TagKey", "TagValue")
            ),
            lambda keys: self.call("untag_resource", KeyId=resource_id, TagKeys=keys),
        )
        if "isEnabled" in changed and not inputs["isEnabled"]:
            self.call("disable_key", KeyId=resource_id)

    def delete(self, resource_id: str, state: Properties) -> None:
        """Schedule the deletion; KMS disables the key during the waiting period."""
        days = state.get("deletionWindowInDays") or 30
        self.find("schedule_key_deletion", KeyId=resource_id, PendingWindowInDays=days)

    def _rotates(self, key: str) -> bool:
        return bool(self.call("get_key_rotation_status", KeyId=key)["KeyRotationEnabled"])


class Alias(KmsResource):
    named_by = "name"
    served = frozenset({"name", "namePrefix", "targetKeyId"})
    replaced_by = frozenset({"name", "namePrefix"})
    auto_name = AutoName(maximum=256, leading="alias/")

    def problems(self, inputs: Properties) -> list[tuple[str, str]]:
        name = inputs.get("name", inputs.get("namePrefix"))
        if isinstance(name, str) and not name.startswith("alias/"):
            reason = f'aws:kms/alias:Alias name must start with "alias/"; got {name!r}'
            return [("name", reason)]
        return []

    def create(self, inputs: Properties) -> str:
        name = self.physical_name(inputs)
        self.call("create_alias", AliasName=name, TargetKeyId=inputs["targetKeyId"])
        return name

    def find_outputs(self, resource_id: str, state: Properties) -> Properties | None:
        aliases = self.call("list_aliases")["Aliases"]
        found = [each for each in aliases if each["AliasName"] == resource_id]
        if not found or not found[0].get("TargetKeyId"):
            return None
        key = found[0]["TargetKeyId"]
        arn = self.call("describe_key", KeyId=key)["KeyMetadata"]["Arn"]
        target = state.get("targetKeyId", "")
        return {
            "arn": found[0]["AliasArn"],
            "name": resource_id,
            "targetKeyArn": arn,
            "targetKeyId": arn if target.startswith("arn:") else key,
        }

    def update(
        self, resource_id: str, state: Properties, inputs: Properties, changed: Collection[str]
    ) -> None:
        self.call("update_alias", AliasName=resource_id, TargetKeyId=inputs["targetKeyId"])

    def delete(self, resource_id: str, state: Properties) -> None:
        self.find("delete_alias", AliasName=resource_id)
