"""Creates a repository of images in ECR."""

from __future__ import annotations  # the modules of the SDK load only when they are used

from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi import Input, Output, ResourceOptions
from pulumi_aws import ecr

from herald_infra.policy_document import allow

PULL = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
PUSH = [
    "ecr:CompleteLayerUpload",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
]


@dataclass(frozen=True, kw_only=True)
class ImageRepositoryArgs:
    repository: str | None = None  # None: derived from the name of the component
    kept_images: int = 100  # number of the newest images to keep
    untagged_days: int = 7  # days to keep an image without a tag
    kms_key_arn: Input[str] | None = None  # None: the AWS-managed key of ECR
    force_delete: bool = False  # True to delete the images with their repository
    immutable_tags: bool = True  # False if builds may push a tag again; then use digests


class ImageRepository(pulumi.ComponentResource):
    """Creates a repository that scans pushed images, deletes old ones and encrypts with KMS.

    A digest always names the same image. By default, a tag does, too.
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
            image_tag_mutability="IMMUTABLE" if args.immutable_tags else "MUTABLE",
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
        """Return the permission to pull; a puller also needs `ecr:GetAuthorizationToken`."""
        return allow(PULL, self.arn)

    def push_statement(self) -> dict[str, Any]:
        """Return the permission to push; a builder also needs `ecr:GetAuthorizationToken`."""
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
