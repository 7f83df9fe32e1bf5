"""Refuses to move tags in immutable repositories of ECR."""

from moto.core.exceptions import ServiceException
from moto.ecr.exceptions import ImageAlreadyExistsException
from moto.ecr.models import ECRBackend, Image, Repository

from local.aws_server.replacement import replace_method

find_tagged = ECRBackend._resolve_image_tag_mutability


class TagExists(ServiceException):
    code = "ImageTagAlreadyExistsException"


def extend() -> None:
    """Name the refusal as ECR does; moto says that the image exists."""
    replace_method(ECRBackend, "_resolve_image_tag_mutability", resolve)


def resolve(backend: ECRBackend, repository: Repository, tag: str) -> list[Image]:
    try:
        return find_tagged(backend, repository, tag)
    except ImageAlreadyExistsException:
        raise TagExists(
            f"The image tag '{tag}' already exists in the '{repository.name}' repository and cannot"
            " be overwritten because the repository is immutable."
        ) from None
