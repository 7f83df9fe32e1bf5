"""Plans images, and checks that the files of their builds exist."""

from collections.abc import Iterator
from pathlib import Path

from plugins.rehearsal import Rehearsed, RehearsedPackage, rehearsed_type
from plugins.resource import Resource
from plugins.values import Properties

SDK = "pulumi_docker_build"
REMOTE = (
    "http://",
    "https://",
    "git://",
    "git@",
    "github.com/",
    "docker-image://",
    "oci-layout://",
)


class Image(Rehearsed[None]):
    def problems(self, inputs: Properties) -> list[tuple[str, str]]:
        return [
            (property_, f"{location} does not exist in {Path.cwd()}; correct the path")
            for property_, location in locations(inputs)
            if not location.startswith(REMOTE) and not Path(location).exists()
        ]


def locations(inputs: Properties) -> Iterator[tuple[str, str]]:
    """Return property and path of the Dockerfile and of each context."""
    context = inputs.get("context") or {}
    sources = {"dockerfile": inputs.get("dockerfile"), "context": context}
    for name, source in (context.get("named") or {}).items():
        sources[f"context.named.{name}"] = source
    for name, source in sources.items():
        location = (source or {}).get("location")
        if isinstance(location, str):
            yield name, location


class DockerBuildPackage(RehearsedPackage):
    name = "docker-build"
    sdk = SDK

    def resource_type(self, token: str) -> type[Resource[None]]:
        return rehearsed_type(SDK, token, Image)
