import json

import pulumi
import pytest
from herald_infra.image_repository import ImageRepository, ImageRepositoryArgs

REPOSITORY = "aws:ecr/repository:Repository"
ARN = "arn:aws:ecr:eu-central-1:123456789012:repository/event-service-1a2b3c4"
PULL = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]


@pytest.fixture
def plain(deploy):
    def program():
        repository = ImageRepository("event-service")
        pulumi.export("pull", repository.pull_statement())
        pulumi.export("push", repository.push_statement())

    return deploy(program)


def test_component_creates_repository_and_policy(plain):
    parent = ("herald:infra:ImageRepository", "event-service")
    assert sorted((r.type, r.name, r.parent) for r in plain.resources) == [
        ("aws:ecr/lifecyclePolicy:LifecyclePolicy", "event-service", parent),
        (REPOSITORY, "event-service", parent),
        ("herald:infra:ImageRepository", "event-service", ("pulumi:pulumi:Stack", "herald-dev")),
    ]
    assert plain.one("herald:infra:ImageRepository").outputs == {
        "url": "123456789012.dkr.ecr.eu-central-1.amazonaws.com/event-service-1a2b3c4",
        "arn": ARN,
        "name": "event-service-1a2b3c4",
    }


def test_tags_are_immutable_and_images_scanned(plain):
    assert plain.one(REPOSITORY).inputs == {
        "imageTagMutability": "IMMUTABLE",
        "imageScanningConfiguration": {"scanOnPush": True},
        "encryptionConfigurations": [{"encryptionType": "KMS"}],
        "forceDelete": False,
    }


def test_old_images_go(plain):
    policy = plain.one("aws:ecr/lifecyclePolicy:LifecyclePolicy").inputs
    assert policy["repository"] == "event-service-1a2b3c4"
    expire = {"type": "expire"}
    assert json.loads(policy["policy"])["rules"] == [
        {
            "rulePriority": 1,
            "selection": {
                "tagStatus": "untagged",
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": 7,
            },
            "action": expire,
        },
        {
            "rulePriority": 2,
            "selection": {
                "tagStatus": "any",
                "countType": "imageCountMoreThan",
                "countNumber": 100,
            },
            "action": expire,
        },
    ]


def test_pulling_and_pushing_are_granted_apart(plain):
    assert plain.exports["pull"] == {"Effect": "Allow", "Action": PULL, "Resource": [ARN]}
    assert plain.exports["push"] == {
        "Effect": "Allow",
        "Action": [
            *PULL,
            "ecr:CompleteLayerUpload",
            "ecr:InitiateLayerUpload",
            "ecr:PutImage",
            "ecr:UploadLayerPart",
        ],
        "Resource": [ARN],
    }


def test_key_and_limits_are_passed_on(deploy):
    args = ImageRepositoryArgs(
        repository="herald/event-service",
        kept_images=20,
        untagged_days=1,
        kms_key_arn="arn:key",
        force_delete=True,
    )
    deployment = deploy(lambda: ImageRepository("event-service", args))
    repository = deployment.one(REPOSITORY).inputs
    assert repository["name"] == "herald/event-service"
    assert repository["encryptionConfigurations"] == [
        {"encryptionType": "KMS", "kmsKey": "arn:key"}
    ]
    assert repository["forceDelete"] is True
    policy = json.loads(deployment.one("aws:ecr/lifecyclePolicy:LifecyclePolicy").inputs["policy"])
    assert [rule["selection"]["countNumber"] for rule in policy["rules"]] == [1, 20]
