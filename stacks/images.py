"""One image a service, from one Dockerfile."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from infra.container_image import ContainerImage, ContainerImageArgs
from infra.image_repository import ImageRepository, ImageRepositoryArgs
from stacks.config import ROOT, ServiceName, StackConfig

SERVICES: tuple[ServiceName, ...] = get_args(ServiceName)
SOURCES = "../services"  # from the program's folder
FOLDER = ROOT / "services"
DATABASE_AUTHORITIES = "/srv/database-authorities.pem"  # where the Dockerfile writes them
IGNORED = frozenset({"__pycache__", ".pytest_cache"})
SHARED = {
    "messages": "event-messages",
    "runtime": "service-runtime",
    "dependencies": "dependencies",
}

Images = dict[ServiceName, ContainerImage]


def service_images(config: StackConfig) -> Images:
    return {
        name: ContainerImage(f"{config.prefix}{name}", image(name, config)) for name in SERVICES
    }


def repositories(name: ServiceName, config: StackConfig) -> list[ImageRepository]:
    """The one that the image is pushed to, where the registry's are made here."""
    if config.images.repositories is None:
        return []
    _, _, path = f"{config.images.registry}/{name}".partition("/")
    args = ImageRepositoryArgs(
        repository=path,
        kept_images=config.images.repositories.kept_images,
        force_delete=not config.deletion_protection,
    )
    return [ImageRepository(f"{config.prefix}{name}", args)]


def tag(name: ServiceName, config: StackConfig) -> str:
    """With what goes into the image where a tag never moves, for each content needs its own."""
    release = f"{config.version}-{config.prefix.removesuffix('-')}"
    if config.images.repositories is None:
        return release
    return f"{release}-{content(name, config)}"


def content(name: ServiceName, config: StackConfig) -> str:
    """Changes with base, platforms, authorities and any file that the image is built from."""
    given = [config.images.base, *config.images.platforms, config.database.ssl_root_cert or ""]
    digest = hashlib.sha256(" ".join(given).encode())
    for file in sources(name):
        digest.update(f"\0{file.relative_to(FOLDER)}\0".encode() + file.read_bytes())
    return digest.hexdigest()[:12]


def sources(name: ServiceName) -> Iterator[Path]:
    yield FOLDER / "Dockerfile"
    for folder in (name, *SHARED.values()):
        files = (FOLDER / folder).rglob("*")
        yield from sorted(each for each in files if each.is_file() and not is_ignored(each))


def is_ignored(file: Path) -> bool:
    """As `Dockerfile.dockerignore` says."""
    made = any(part in IGNORED or part.endswith(".egg-info") for part in file.parts)
    return made or file.suffix == ".pyc"


def build_args(name: ServiceName, config: StackConfig) -> dict[str, str]:
    told = {"BASE": config.images.base, "PACKAGE": name.replace("-", "_")}
    authorities = config.database.ssl_root_cert
    return told if authorities is None else {**told, "DATABASE_AUTHORITIES": authorities}


def image(name: ServiceName, config: StackConfig) -> ContainerImageArgs:
    given = config.images
    repository = f"{given.registry}/{name}"
    return ContainerImageArgs(
        repository=repository,
        tag=tag(name, config),
        dockerfile=f"{SOURCES}/Dockerfile",
        context=f"{SOURCES}/{name}",
        named_contexts={part: f"{SOURCES}/{folder}" for part, folder in SHARED.items()},
        build_args=build_args(name, config),
        secrets={} if given.ca_bundle is None else {"ca": given.ca_bundle},
        platforms=given.platforms,
        builder=given.builder,
        compression=given.compression,
        cache=f"{repository}:layers" if given.cache else None,
        after=repositories(name, config),
    )
