"""Where images are pushed, under which tags."""

import re
import shutil

import pytest

from stacks.config.services import FOLDER, Service, read_services
from stacks.platform.images import tag
from tests.stacks.stack_files import STACKS, config_of

REPOSITORY = "aws:ecr/repository:Repository"
SERVICES = read_services()
IMAGE = "docker-build:index:Image"
CLOUD = [stack for stack in STACKS if stack != "local"]


@pytest.mark.parametrize("stack", CLOUD)
def test_cloud_stack_creates_its_repositories(platform, stack):
    deployment, config = platform(stack), config_of(stack)
    repositories = {each.name: each for each in deployment.all(REPOSITORY)}
    assert set(repositories) == {f"{stack}-{service}" for service in SERVICES}
    for image in deployment.all(IMAGE):
        repository = repositories[image.name]
        pushed = image.inputs["tags"][0].rpartition(":")[0]
        assert pushed == f"{config.images.registry}/{repository.inputs['name']}"
        assert repository.inputs["forceDelete"] is not config.deletion_protection
        assert repository.inputs["imageTagMutability"] == "MUTABLE"  # equal sources build anew
        assert (REPOSITORY, image.name) in image.depends_on


def test_the_local_registry_needs_none(platform):
    assert platform("local").all(REPOSITORY) == []
    assert tag(SERVICES["event-service"], config_of("local")) == "0.1.0-local"


@pytest.mark.parametrize("service", SERVICES)
def test_immutable_tag_names_the_content(service):
    assert re.fullmatch(r"0\.1\.0-prod-[0-9a-f]{12}", tag(SERVICES[service], config_of("prod")))


@pytest.fixture
def sources(tmp_path):
    """A copy of the services' folder, which a test may change."""
    return shutil.copytree(FOLDER, tmp_path / "services")


def tag_in(folder, config):
    return tag(Service("event-service", folder / "event-service"), config)


def test_tag_is_independent_of_machine(sources):
    config = config_of("prod")
    before = tag_in(sources, config)
    left = sources / "event-service" / "event_service" / "__pycache__"
    left.mkdir(exist_ok=True)
    (left / "made.cpython-311.pyc").write_bytes(b"made")
    (sources / "reminder-service" / "new.py").write_text("another service")
    assert tag_in(sources, config) == before == tag(SERVICES["event-service"], config)


@pytest.mark.parametrize(
    "changed",
    [
        "Dockerfile",
        "event-service/event_service/__main__.py",
        "event-messages/event_messages/event.py",
        "service-runtime/service_runtime/process.py",
        "dependencies/requirements.lock",
        "dependencies/installer.lock",
    ],
)
def test_tag_changes_with_every_source(sources, changed):
    config = config_of("prod")
    before = tag_in(sources, config)
    with (sources / changed).open("a") as file:
        file.write("\n")
    assert tag_in(sources, config) != before


@pytest.mark.parametrize("changes", [{"base": "python:3.13-slim"}, {"platforms": ["linux/arm64"]}])
def test_tag_changes_with_base_and_platforms(changes):
    config = config_of("prod")
    images = config.images.model_copy(update=changes)
    other = config.model_copy(update={"images": images})
    assert tag(SERVICES["event-service"], other) != tag(SERVICES["event-service"], config)


def test_tag_changes_with_authorities():
    config = config_of("prod")
    database = config.database.model_copy(update={"ssl_root_cert": "others"})
    other = config.model_copy(update={"database": database})
    assert tag(SERVICES["event-service"], other) != tag(SERVICES["event-service"], config)


def test_base_image_has_no_default():
    lines = (FOLDER / "Dockerfile").read_text().splitlines()
    assert "ARG BASE" in lines
    assert lines[0] == "# check=skip=InvalidDefaultArgInFrom"  # of BuildKit: in line 1 alone
