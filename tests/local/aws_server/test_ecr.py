"""Tags of images: an immutable repository keeps them where they are, as ECR does."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

pytestmark = pytest.mark.integration


def push(ecr: Any, content: str) -> None:
    media_type = "application/vnd.oci.image.manifest.v1+json"
    manifest = json.dumps({"mediaType": media_type, "config": {"digest": content}})
    ecr.put_image(repositoryName="images", imageTag="1.0", imageManifest=manifest)


def test_immutable_tag_stays(aws):
    ecr = aws("ecr")
    ecr.create_repository(repositoryName="images", imageTagMutability="IMMUTABLE")
    push(ecr, "first")
    with pytest.raises(ClientError) as refused:
        push(ecr, "second")
    error = refused.value.response["Error"]
    assert error["Code"] == "ImageTagAlreadyExistsException"
    assert error["Message"] == (
        "The image tag '1.0' already exists in the 'images' repository and cannot be overwritten "
        "because the repository is immutable."
    )


def test_mutable_tag_moves(aws):
    ecr = aws("ecr")
    ecr.create_repository(repositoryName="images", imageTagMutability="MUTABLE")
    push(ecr, "first")
    push(ecr, "second")
