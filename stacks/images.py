"""One image a service, from one Dockerfile."""

from typing import get_args

from infra.container_image import ContainerImage, ContainerImageArgs
from stacks.config import ImagesConfig, ServiceName, StackConfig

SERVICES: tuple[ServiceName, ...] = get_args(ServiceName)
SOURCES = "../services"  # from the program's folder
SHARED = {
    "messages": "event-messages",
    "runtime": "service-runtime",
    "dependencies": "dependencies",
}

Images = dict[ServiceName, ContainerImage]


def service_images(config: StackConfig) -> Images:
    tag = f"{config.version}-{config.prefix.removesuffix('-')}"
    return {
        name: ContainerImage(f"{config.prefix}{name}", image(name, tag, config.images))
        for name in SERVICES
    }


def image(name: ServiceName, tag: str, config: ImagesConfig) -> ContainerImageArgs:
    repository = f"{config.registry}/{name}"
    return ContainerImageArgs(
        repository=repository,
        tag=tag,
        dockerfile=f"{SOURCES}/Dockerfile",
        context=f"{SOURCES}/{name}",
        named_contexts={part: f"{SOURCES}/{folder}" for part, folder in SHARED.items()},
        build_args={"BASE": config.base, "PACKAGE": name.replace("-", "_")},
        secrets={} if config.ca_bundle is None else {"ca": config.ca_bundle},
        platforms=config.platforms,
        builder=config.builder,
        cache=f"{repository}:layers" if config.cache else None,
    )
