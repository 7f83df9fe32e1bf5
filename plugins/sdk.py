"""Reads property names and types from the source of the installed SDK.

So the plugins always agree with the SDK. Its generated classes have a regular form. Reading the
file of a type takes milliseconds; an import of the package takes seconds.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from plugins.errors import UnreadSdk
from plugins.sdk_messages import package_folder

_GETTER = re.compile(
    r'@pulumi\.getter(?:\(name="(?P<camel>\w+)"\))?\n'
    r"(?:    @_utilities\.deprecated\(.*\)\n)?"
    r"    def (?P<name>\w+)\(self\) -> (?P<annotation>.+):\n"
)
_CLASS = re.compile(r"\nclass (\w+)")
_OBJECT = re.compile(r"'(\w+Args)'")
_SECRETS = re.compile(r"additional_secret_outputs=\[(.*?)\]")
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True)
class ResourceSchema:
    """Describes a resource type of the SDK: its properties with their annotations."""

    package: str
    token: str
    module: Path
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    secrets: frozenset[str]

    @property
    def required(self) -> list[str]:
        return [name for name, kind in self.inputs.items() if not is_optional(kind)]

    @property
    def computed_only(self) -> list[str]:
        return [name for name in self.outputs if name not in self.inputs]

    def nested(self, class_name: str) -> Mapping[str, str]:
        """Return the properties of an object type in an annotation.

        The name of a type from another module contains the module: `_meta.v1.ObjectMetaArgs`.
        """
        module, _, name = class_name.rpartition(".")
        if not module:
            return _properties(self.module.parent / "_inputs.py", name)
        folder = package_folder(self.package).joinpath(*module.removeprefix("_").split("."))
        found = _properties(folder / "_inputs.py", name)
        return {key: _OBJECT.sub(rf"'{module}.\1'", kind) for key, kind in found.items()}


def is_optional(annotation: str) -> bool:
    return annotation.startswith("pulumi.Input[Optional[")


@cache
def resource_schema(package: str, token: str) -> ResourceSchema:
    """Return the schema of a type, for example `aws:sns/topic:Topic` of `pulumi_aws`."""
    module = _module(package, token)
    if not module.is_file() or f'type_token("{token}")' not in (text := module.read_text()):
        raise UnreadSdk(f"{package} has no resource type {token}; correct the name of the type")
    name = token.rsplit(":", 1)[1]
    classes = _classes(module)
    outputs = _getters(classes[f"_{name}State"]) if f"_{name}State" in classes else {}
    outputs = outputs or _getters(classes[name])
    secrets = (_camel(word) for found in _SECRETS.findall(text) for word in _quoted(found))
    # The suffix `Init` avoids a collision with the name of an object type.
    arguments = classes.get(f"{name}Args") or classes[f"{name}InitArgs"]
    inputs = _getters(arguments)
    return ResourceSchema(package, token, module, inputs, outputs, frozenset(secrets))


@cache
def provider_schema(package: str) -> Mapping[str, str]:
    """Return the settings of the provider class in the SDK."""
    return _getters(_classes(package_folder(package) / "provider.py")["ProviderArgs"])


@cache
def provider_endpoints(package: str) -> Mapping[str, str]:
    """Return the services with a configurable endpoint."""
    return _properties(package_folder(package) / "_inputs.py", "ProviderEndpointArgs")


def _module(package: str, token: str) -> Path:
    """Return the file that declares a type, in one of three layouts of generated SDKs."""
    folder, _, name = token.split(":")[1].partition("/")
    if folder == "index":
        return package_folder(package) / f"{_snake(token.rpartition(':')[2])}.py"
    if token.startswith("kubernetes:"):
        group = folder.partition(".")[0]  # `networking.k8s.io` is the module `networking`
        return package_folder(package) / group / name / f"{token.rpartition(':')[2]}.py"
    folder = "lambda_" if folder == "lambda" else folder
    return package_folder(package) / folder / f"{_snake(name)}.py"


def _properties(module: Path, class_name: str) -> dict[str, str]:
    classes = _classes(module)
    if class_name not in classes:
        raise UnreadSdk(f"{module} has no class {class_name}; reinstall the SDK")
    return _getters(classes[class_name])


@cache
def _classes(module: Path) -> dict[str, str]:
    """Return the source of each class in a module; the largest modules have 40,000 lines."""
    text = module.read_text()
    starts = list(_CLASS.finditer(text))
    ends = [match.start() for match in starts[1:]] + [len(text)]
    return {match[1]: text[match.start() : end] for match, end in zip(starts, ends, strict=True)}


def _getters(source: str) -> dict[str, str]:
    return {
        match["camel"] or match["name"]: match["annotation"] for match in _GETTER.finditer(source)
    }


def _quoted(text: str) -> list[str]:
    return re.findall(r'"(\w+)"', text)


def _snake(name: str) -> str:
    return _WORD.sub("_", name).lower()


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
