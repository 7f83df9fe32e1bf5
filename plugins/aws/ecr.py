"""Manages image repositories of ECR."""

import json
from collections.abc import Collection
from typing import Any

from plugins.aws.resource import AwsResource, change_tags, tag_list, tag_map, tag_outputs
from plugins.resource import AutoName
from plugins.values import Properties


class EcrResource(AwsResource):
    service = "ecr"
    served = frozenset[str]()
    missing = frozenset({"LifecyclePolicyNotFoundException", "RepositoryNotFoundException"})


class Repository(EcrResource):
    served = frozenset(
        {"encryptionConfigurations", "forceDelete", "imageScanningConfiguration"}
        | {"imageTagMutability", "name", "tags"}
    )
    replaced_by = frozenset({"encryptionConfigurations", "name"})
    defaults = {"imageTagMutability": "MUTABLE"}
    computed = frozenset({"encryptionConfigurations"})
    unreadable = frozenset({"forceDelete"})
    forms = {"encryptionConfigurations": "partial"}
    auto_name = AutoName(maximum=256, lower_case=True)

    def create(self, inputs: Properties) -> str:
        encryption: dict[str, Any] = {}
        if inputs.get("encryptionConfigurations"):
            encryption["encryptionConfiguration"] = _encryption(inputs)
        self.call(
            "create_repository",
            repositoryName=inputs["name"],
            imageTagMutability=inputs["imageTagMutability"],
            imageScanningConfiguration=inputs.get("imageScanningConfiguration", {}),
            tags=tag_list(inputs.get("tags", {})),
            **encryption,
        )
        return str(inputs["name"])

    def find_outputs(self, resource_id: str, state: Properties) -> Properties | None:
        answer = self.find("describe_repositories", repositoryNames=[resource_id])
        if answer is None:
            return None
        found = answer["repositories"][0]
        arn, encryption = found["repositoryArn"], found.get("encryptionConfiguration", {})
        tags = self.call("list_tags_for_resource", resourceArn=arn)["tags"]
        return {
            "arn": arn,
            "encryptionConfigurations": [
                {"encryptionType": encryption["encryptionType"], "kmsKey": encryption.get("kmsKey")}
            ]
            if encryption
            else [],
            "imageScanningConfiguration": found.get("imageScanningConfiguration"),
            "imageTagMutability": found["imageTagMutability"],
            "name": resource_id,
            "registryId": found["registryId"],
            "repositoryUrl": found["repositoryUri"],
            **tag_outputs(tag_map(tags)),
        }

    def update(
        self, resource_id: str, state: Properties, inputs: Properties, changed: Collection[str]
    ) -> None:
        name, arn = resource_id, state["arn"]
        if "imageTagMutability" in changed:
            self.call(
                "put_image_tag_mutability",
                repositoryName=name,
                imageTagMutability=inputs["imageTagMutability"],
            )
        if "imageScanningConfiguration" in changed:
            scanning = inputs.get("imageScanningConfiguration", {"scanOnPush": False})
            operation = "put_image_scanning_configuration"
            self.call(operation, repositoryName=name, imageScanningConfiguration=scanning)
        change_tags(
            state,
            inputs,
            lambda tags: self.call("tag_resource", resourceArn=arn, tags=tag_list(tags)),
            lambda keys: self.call("untag_resource", resourceArn=arn, tagKeys=keys),
        )

    def delete(self, resource_id: str, state: Properties) -> None:
        force = bool(state.get("forceDelete"))
        self.find("delete_repository", repositoryName=resource_id, force=force)


class LifecyclePolicy(EcrResource):
    served = frozenset({"policy", "repository"})
    replaced_by = frozenset({"policy", "repository"})
    forms = {"policy": "document"}

    def create(self, inputs: Properties) -> str:
        policy: Any = inputs["policy"]
        text = policy if isinstance(policy, str) else json.dumps(policy)
        repository = str(inputs["repository"])
        self.call("put_lifecycle_policy", repositoryName=repository, lifecyclePolicyText=text)
        return repository

    def find_outputs(self, resource_id: str, state: Properties) -> Properties | None:
        answer = self.find("get_lifecycle_policy", repositoryName=resource_id)
        if answer is None:
            return None
        return {
            "policy": answer["lifecyclePolicyText"],
            "registryId": answer["registryId"],
            "repository": resource_id,
        }

    def delete(self, resource_id: str, state: Properties) -> None:
        self.find("delete_lifecycle_policy", repositoryName=resource_id)


def _encryption(inputs: Properties) -> dict[str, Any]:
    asked = inputs["encryptionConfigurations"][0]
    key = {"kmsKey": asked["kmsKey"]} if asked.get("kmsKey") else {}
    return {"encryptionType": asked.get("encryptionType", "AES256"), **key}
