import pytest
from herald_infra.container_image import ContainerImage, ContainerImageArgs
from herald_infra.image_repository import ImageRepository

from review.simulation.simulated_outputs import DIGEST

IMAGE = "docker-build:index:Image"
ARGS = {
    "repository": "registry.example.com/event-service",
    "tag": "1.2.0-dev",
    "dockerfile": "../services/Dockerfile",
    "context": "../services/event-service",
}


def test_image_is_pushed_with_its_digest(deploy):
    deployment = deploy(lambda: ContainerImage("event-service", ContainerImageArgs(**ARGS)))
    assert deployment.one(IMAGE).inputs == {
        "tags": ["registry.example.com/event-service:1.2.0-dev"],
        "dockerfile": {"location": "../services/Dockerfile"},
        "context": {"location": "../services/event-service"},
        "buildArgs": {},
        "buildOnPreview": False,
        "network": "default",
        "push": True,
    }
    assert deployment.one("herald:infra:ContainerImage").outputs == {
        "ref": f"registry.example.com/event-service:1.2.0-dev@{DIGEST}",
        "by_digest": f"registry.example.com/event-service@{DIGEST}",
        "digest": DIGEST,
    }


def test_layers_have_the_configured_compression(deploy):
    args = ContainerImageArgs(**ARGS, compression="uncompressed")
    inputs = deploy(lambda: ContainerImage("event-service", args)).one(IMAGE).inputs
    assert (inputs["push"], inputs["exports"]) == (
        False,
        [{"registry": {"compression": "uncompressed"}}],
    )


@pytest.fixture
def full(deploy):
    args = ContainerImageArgs(
        **ARGS,
        named_contexts={"runtime": "../services/service-runtime"},
        build_args={"BASE": "python:3.12-slim"},
        secrets={"ca": "certificates"},
        platforms=["linux/amd64", "linux/arm64"],
        builder="herald",
        cache="registry.example.com/event-service:layers",
    )
    return deploy(lambda: ContainerImage("event-service", args)).one(IMAGE)


def test_builder_options_are_passed_on(full):
    assert full.inputs["context"] == {
        "location": "../services/event-service",
        "named": {"runtime": {"location": "../services/service-runtime"}},
    }
    assert full.inputs["buildArgs"] == {"BASE": "python:3.12-slim"}
    assert full.inputs["builder"] == {"name": "herald"}
    assert full.inputs["platforms"] == ["linux/amd64", "linux/arm64"]


def test_build_secret_stays_secret_without_rebuild(full):
    assert full.inputs["secrets"] == {"ca": "certificates"}
    assert "secrets" in full.secrets
    assert full.inputs["ignoreSecretsInDiffCalculation"] == ["ca"]
    assert "certificates" not in str({**full.inputs, "secrets": None})


def test_every_stage_is_cached_in_registry(full):
    layers = {"ref": "registry.example.com/event-service:layers"}
    assert full.inputs["cacheFrom"] == [{"registry": layers}]
    assert full.inputs["cacheTo"] == [
        {"registry": {**layers, "mode": "max", "imageManifest": True, "ociMediaTypes": True}}
    ]


def test_image_is_built_after_its_repository(deploy):
    def program():
        repository = ImageRepository("event-service")
        ContainerImage("event-service", ContainerImageArgs(**ARGS, after=[repository]))

    assert ("aws:ecr/repository:Repository", "event-service") in deploy(program).one(
        IMAGE
    ).depends_on
