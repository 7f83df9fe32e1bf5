"""Images whose sources return to an earlier state; ECR refuses to move an immutable tag."""

from pathlib import Path

import pytest

from tests.rehearsals.account import REGISTRY, Account
from tests.rehearsals.environment import Environment, environment

pytestmark = pytest.mark.integration
IMAGES = """\
from stacks.config.services import read_services
from stacks.config.stack_file import PLATFORM, load
from stacks.platform.images import service_image

service_image(read_services()["event-service"], load(PLATFORM))
"""


def test_earlier_sources_are_pushed_again(aws: Account, tmp_path: Path):
    with environment(tmp_path / "stack", aws, "tags") as stack:
        deploy_only_images(stack)
        earlier = stack.settings["herald:images"]["base"]
        for base in (earlier, "localhost:5000/other:1", earlier):
            images = {"registry": REGISTRY, "repositories": {}, "base": base}
            stack.configure({"herald:images": images, "herald:deletionProtection": "false"})
            stack.succeed("up", "--stack", "tags", "--yes")
        ecr = aws.client("ecr")
        found = ecr.describe_images(repositoryName="event-service")["imageDetails"]
        assert len([tag for image in found for tag in image.get("imageTags", [])]) == 2
        stack.succeed("destroy", "--stack", "tags", "--yes")


def deploy_only_images(stack: Environment) -> None:
    """Replace the program of the stack by the part of it that pushes an image."""
    folder = stack.folder / "stacks"
    folder.unlink()
    folder.mkdir()
    (folder / "__main__.py").write_text(IMAGES)
