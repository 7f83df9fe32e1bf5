"""Provides one image per service: built from its folder, or an existing one."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from herald_infra.container_image import ContainerImage, ContainerImageArgs
from herald_infra.image_repository import ImageRepository, ImageRepositoryArgs
from pulumi import Output

from stacks.config.services import Service
from stacks.config.stack import StackConfig

SOURCES = "../services"  # relative to the folder of the program
DATABASE_AUTHORITIES = "/srv/database-authorities.pem"  # path in the Dockerfile
IGNORED = frozenset({"__pycache__", ".pytest_cache"})
SHARED = {
    "messages": "event-messages",
    "runtime": "service-runtime",
    "dependencies": "dependencies",
}


@dataclass(frozen=True, kw_only=True)
class Image:
    """Contains references with the digest; Lambda rejects those with a tag."""

    ref: Output[str]
    by_digest: Output[str]


def service_image(service: Service, config: StackConfig) -> Image:
    """Return the image that `service.toml` names, or build and push one."""
    if service.image is not None:
        existing = Output.from_input(service.image)
        return Image(ref=existing, by_digest=existing)
    built = ContainerImage(f"{config.prefix}{service.name}", image(service, config))
    return Image(ref=built.ref, by_digest=built.by_digest)


def repositories(service: Service, config: StackConfig) -> list[ImageRepository]:
    """Create the repository of an image, if the registry is managed here."""
    if config.images.repositories is None:
        return []
    _, _, path = f"{config.images.registry}/{service.name}".partition("/")
    args = ImageRepositoryArgs(
        repository=path,
        kept_images=config.images.repositories.kept_images,
        force_delete=not config.deletion_protection,
        immutable_tags=False,  # a build of equal sources can have another digest
    )
    return [ImageRepository(f"{config.prefix}{service.name}", args)]


def tag(service: Service, config: StackConfig) -> str:
    """Return the tag of the image.

    In managed repositories it contains a hash of the sources, so that earlier images keep their
    tags. Images without a tag are deleted after some days.
    """
    release = f"{config.version}-{config.prefix.removesuffix('-')}"
    if config.images.repositories is None:
        return release
    return f"{release}-{content(service, config)}"


def content(service: Service, config: StackConfig) -> str:
    """Return a hash of base, platforms, authorities and all files of the image."""
    given = [config.images.base, *config.images.platforms, config.database.ssl_root_cert or ""]
    digest = hashlib.sha256(" ".join(given).encode())
    for file in sources(service):
        name = file.relative_to(service.folder.parent)
        digest.update(f"\0{name}\0".encode() + file.read_bytes())
    return digest.hexdigest()[:12]


def sources(service: Service) -> Iterator[Path]:
    services = service.folder.parent
    if service.dockerfile is None:
        yield services / "Dockerfile"
    for folder in (service.name, *contexts(service).values()):
        files = (services / folder).rglob("*")
        yield from sorted(each for each in files if each.is_file() and not is_ignored(each))


def is_ignored(file: Path) -> bool:
    """Return True if `Dockerfile.dockerignore` excludes the file."""
    made = any(part in IGNORED or part.endswith(".egg-info") for part in file.parts)
    return made or file.suffix == ".pyc"


def contexts(service: Service) -> Mapping[str, str]:
    """Return the shared packages that the build of a Python image also needs."""
    return SHARED if service.is_python else {}


def build_args(service: Service, config: StackConfig) -> dict[str, str]:
    package = {"PACKAGE": service.package} if service.dockerfile is None else {}
    authorities = config.database.ssl_root_cert
    trusted = {} if authorities is None else {"DATABASE_AUTHORITIES": authorities}
    return {"BASE": config.images.base, **package, **trusted}


def image(service: Service, config: StackConfig) -> ContainerImageArgs:
    given = config.images
    repository = f"{given.registry}/{service.name}"
    own = f"{SOURCES}/{service.name}"
    return ContainerImageArgs(
        repository=repository,
        tag=tag(service, config),
        dockerfile=f"{SOURCES if service.dockerfile is None else own}/Dockerfile",
        context=own,
        named_contexts={part: f"{SOURCES}/{name}" for part, name in contexts(service).items()},
        build_args=build_args(service, config),
        secrets={} if given.ca_bundle is None else {"ca": given.ca_bundle},
        platforms=given.platforms,
        builder=given.builder,
        compression=given.compression,
        cache=f"{repository}:layers" if given.cache else None,
        after=repositories(service, config),
    )
