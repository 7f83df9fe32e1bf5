"""A repository of images in ECR."""

from __future__ import annotations  # so that the SDK's modules load only when used

from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi import Input, Output, ResourceOptions
from pulumi_aws import ecr

from infra.policy_document import allow

PULL = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
PUSH = [
    "ecr:CompleteLayerUpload",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
]


@dataclass(frozen=True, kw_only=True)
class ImageRepositoryArgs:
    repository: str | None = None  # made up from the component's name when none
    kept_images: int = 100  # the newest, where each image's attestations count as one more
    untagged_days: int = 7  # how long an image without a tag is kept
    kms_key_arn: Input[str] | None = None  # the key that AWS manages for ECR when none
    force_delete: bool = False  # whether images go with their repository


class ImageRepository(pulumi.ComponentResource):
    """Keeps images under tags that never move, scans each when pushed, drops old ones.

    Encrypted by KMS. A digest or tag names the same image for as long as it is kept.
    """

    url: Output[str]
    arn: Output[str]
    name: Output[str]

    def __init__(
        self,
        name: str,
        args: ImageRepositoryArgs | None = None,
        opts: ResourceOptions | None = None,
    ) -> None:
        super().__init__("herald:infra:ImageRepository", name, {}, opts)
        child = ResourceOptions(parent=self)
        args = args or ImageRepositoryArgs()

        self.repository = ecr.Repository(
            name,
            name=args.repository,
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration={"scan_on_push": True},
            encryption_configurations=[encryption(args.kms_key_arn)],
            force_delete=args.force_delete,
            opts=child,
        )
        ecr.LifecyclePolicy(
            name,
            repository=self.repository.name,
            policy=Output.json_dumps({"rules": rules(args)}),
            opts=child,
        )

        self.url, self.arn = self.repository.repository_url, self.repository.arn
        self.name = self.repository.name
        self.register_outputs({"url": self.url, "arn": self.arn, "name": self.name})

    def pull_statement(self) -> dict[str, Any]:
        """What a node or a function needs to pull, besides `ecr:GetAuthorizationToken`."""
        return allow(PULL, self.arn)

    def push_statement(self) -> dict[str, Any]:
        """What a builder needs to push, besides `ecr:GetAuthorizationToken`."""
        return allow([*PULL, *PUSH], self.arn)


def encryption(kms_key_arn: Input[str] | None) -> ecr.RepositoryEncryptionConfigurationArgsDict:
    if kms_key_arn is None:
        return {"encryption_type": "KMS"}
    return {"encryption_type": "KMS", "kms_key": kms_key_arn}


def rules(args: ImageRepositoryArgs) -> list[dict[str, Any]]:
    untagged = {
        "tagStatus": "untagged",
        "countType": "sinceImagePushed",
        "countUnit": "days",
        "countNumber": args.untagged_days,
    }
    newest = {
        "tagStatus": "any",
        "countType": "imageCountMoreThan",
        "countNumber": args.kept_images,
    }
    return [
        {"rulePriority": priority, "selection": selection, "action": {"type": "expire"}}
        for priority, selection in enumerate((untagged, newest), start=1)
    ]
