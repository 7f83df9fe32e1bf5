"""Configures how images are built, and where they are kept."""

import re
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from stacks.config.file_text import FileText
from stacks.config.section import Section

DIGEST = re.compile(r"@sha256:[0-9a-f]{64}$")
OWN_MACHINE = ("localhost:", "127.0.0.1:")


class RepositoriesConfig(Section):
    kept_images: int = Field(default=100, ge=10, le=1000)  # images of each service


class ImagesConfig(Section):
    registry: str = Field(min_length=1)  # host, and the path of its repositories
    base: str = Field(min_length=1)  # image with Python 3.11 or newer and venv, by digest
    builder: str | None = None  # buildx builder; Docker's default if unset
    ca_bundle: FileText | None = None  # certificates that pip trusts during builds
    compression: Literal["gzip", "zstd", "uncompressed"] | None = None  # for new layers
    # Platforms of the images; if empty, that of the builder.
    platforms: list[Literal["linux/amd64", "linux/arm64"]] = Field(default_factory=list)
    cache: bool = False  # keep layers in the registry, for builders without a disk
    repositories: RepositoriesConfig | None = (
        None  # made in the registry, which is of ECR, if given
    )

    @field_validator("base")
    @classmethod
    def by_digest(cls, base: str) -> str:
        """Require a digest, because tags can move; a registry on this machine is exempt."""
        if not DIGEST.search(base) and not base.startswith(OWN_MACHINE):
            raise ValueError(
                "expected an image by its digest, NAME:TAG@sha256:…, which `docker buildx "
                f"imagetools inspect {base}` prints"
            )
        return base

    @property
    def is_on_ecr(self) -> bool:
        return ".dkr.ecr." in self.registry

    @model_validator(mode="after")
    def check_registry(self) -> Self:
        if self.repositories is not None and not self.is_on_ecr:
            raise ValueError("expected a registry on ECR with `repositories`")
        return self
