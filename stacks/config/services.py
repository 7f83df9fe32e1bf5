"""Finds the services of this checkout, one folder each in `services/`."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stacks.config.project import ROOT

FOLDER = ROOT / "services"
FILE = "service.toml"
MAX_NAME = 40  # characters; AWS allows 80 for a queue, with prefix, `-dead-letters` and its suffix
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
IMAGE = re.compile(r"[^\s@]+@sha256:[0-9a-f]{64}")
Path_ = Annotated[str, Field(pattern=r"^/")]
Variable = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")]


class ServiceError(ValueError):
    """Reports a service folder that cannot be deployed; the message gives the remedy."""


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Health(Part):
    """Names the port and paths of probes; callers use the same port."""

    port: int = Field(default=8080, ge=1024, le=65535)
    live: Path_ = "/health/live"
    ready: Path_ = "/health/ready"


class Settings(Part):
    """Lists the environment variables that a service reads."""

    required: list[Variable] = []
    optional: list[Variable] = []


class ServiceFile(Part):
    """`service.toml`: describes a service other than a Python package of this checkout."""

    image: str | None = Field(default=None, pattern=rf"^{IMAGE.pattern}$")
    health: Health
    settings: Settings


@dataclass(frozen=True)
class Service:
    """Represents one folder: a Python package, a Dockerfile, or an existing image."""

    name: str
    folder: Path

    @property
    def package(self) -> str:
        return self.name.replace("-", "_")

    @property
    def is_python(self) -> bool:
        return (self.folder / self.package / "__main__.py").exists()

    @property
    def dockerfile(self) -> Path | None:
        file = self.folder / "Dockerfile"
        return file if file.exists() else None

    @cached_property
    def description(self) -> ServiceFile | None:
        """Return the contents of `service.toml`, or None for a Python package."""
        file = self.folder / FILE
        if not file.exists():
            return None
        try:
            return ServiceFile.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ServiceError(f"services/{self.name}/{FILE} is not valid TOML: {error}.") from None
        except ValidationError as error:
            raise ServiceError(problem(f"services/{self.name}/{FILE}", error)) from None

    @cached_property
    def required_settings(self) -> Sequence[str]:
        """Return the variables without a default: of `service.toml`, or of the class Settings."""
        if self.description is not None:
            return self.description.settings.required
        file = self.folder / self.package / "settings.py"
        try:
            tree = ast.parse(file.read_text(encoding="utf-8") if file.exists() else "")
        except (SyntaxError, UnicodeDecodeError) as error:
            place = f"services/{self.name}/{self.package}/settings.py"
            raise ServiceError(f"{place} is not valid Python: {error}.") from None
        for node in ast.iter_child_nodes(tree):
            if isinstance(node, ast.ClassDef) and node.name == "Settings":
                return [field.upper() for field in fields_without_default(node)]
        raise ServiceError(
            f"services/{self.name} has no settings: expected the class Settings in "
            f"{self.package}/settings.py."
        )

    @property
    def health(self) -> Health:
        return self.description.health if self.description else Health()

    @property
    def image(self) -> str | None:
        return self.description.image if self.description else None


def fields_without_default(model: ast.ClassDef) -> Iterator[str]:
    for line in model.body:
        if isinstance(line, ast.AnnAssign) and line.value is None:
            yield ast.unparse(line.target)


def problem(file: str, error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    key = ".".join(str(step) for step in first["loc"])
    if first["type"] == "missing":
        return f"{file} has no {key}; docs/how-to/add-a-service.md describes the file."
    return f"{file}: {key} is wrong: {first['msg']}; got {first['input']!r}."


def find_services(folder: Path = FOLDER) -> Mapping[str, Service]:
    """Return the folders with a program or an image, by name.

    Other folders, for example `service-runtime`, are packages that services share.
    """
    found = (Service(place.name, place) for place in sorted(folder.iterdir()) if place.is_dir())
    return {
        service.name: service
        for service in found
        if service.is_python or service.dockerfile or (service.folder / FILE).exists()
    }


def read_services(folder: Path = FOLDER) -> Mapping[str, Service]:
    """Return every service by name; raise ServiceError if one cannot be deployed."""
    services = find_services(folder)
    for service in services.values():
        expect_deployable(service)
    return services


def expect_deployable(service: Service) -> None:
    place = f"services/{service.name}"
    expect_name("service", service.name)
    if service.is_python and not (service.folder / FILE).exists():
        _ = service.required_settings
        if service.package in sys.stdlib_module_names:
            raise ServiceError(
                f"{place}: its package would hide the Python module {service.package}; "
                "rename the service."
            )
        return
    if service.description is None:
        raise ServiceError(
            f"{place} has no settings: expected {FILE} with the tables [health] and [settings]."
        )
    if service.dockerfile is None and service.image is None:
        raise ServiceError(
            f"{place} has no image: expected a Dockerfile, or `image` by digest in {FILE}."
        )
    if service.dockerfile is not None:
        expect_one_image(service, service.dockerfile)


def expect_one_image(service: Service, dockerfile: Path) -> None:
    place = f"services/{service.name}"
    if service.image is not None:
        raise ServiceError(f"{place} has two images: remove its Dockerfile, or `image` in {FILE}.")
    exposed = re.findall(r"(?mi)^\s*EXPOSE\s+(.+)$", dockerfile.read_text(encoding="utf-8"))
    ports = {word.partition("/")[0] for line in exposed for word in line.split()}
    if str(service.health.port) not in ports:
        raise ServiceError(
            f"{place}/Dockerfile: expected EXPOSE {service.health.port}, "
            f"the port that serves {service.health.live} and {service.health.ready}."
        )


def expect_name(kind: str, name: str, longest: int = MAX_NAME) -> None:
    """Reject a name that AWS or Kubernetes would reject during an update."""
    if not NAME.fullmatch(name) or not 2 <= len(name) <= longest:
        raise ServiceError(
            f"{name!r} cannot name a {kind}: expected 2 to {longest} lower-case letters, digits "
            "and single hyphens, starting with a letter."
        )
