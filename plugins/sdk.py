"""Property names and kinds, read off the source of the installed SDK.

The SDK's classes are generated and regular. Reading the one file of a type takes a few
milliseconds where importing the package would take seconds, and nothing can drift from it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from local.providers.errors import UnreadSdk
from local.providers.sdk_messages import package_folder

_GETTER = re.compile(
    r'@pulumi\.getter(?:\(name="(?P<camel>\w+)"\))?\n'
    r"(?:    @_utilities\.deprecated\(.*\)\n)?"
    r"    def (?P<name>\w+)\(self\) -> (?P<annotation>.+):\n"
)
_CLASS = re.compile(r"^class (\w+)", re.MULTILINE)
_SECRETS = re.compile(r"additional_secret_outputs=\[(.*?)\]")
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True)
class ResourceSchema:
    """A resource type as its SDK declares it: each property with its annotation."""

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
        """The properties of an object type named in an annotation."""
        return _getters(_classes(self.module.parent / "_inputs.py", class_name)[class_name])


def is_optional(annotation: str) -> bool:
    return annotation.startswith("pulumi.Input[Optional[")


@cache
def resource_schema(package: str, token: str) -> ResourceSchema:
    """The schema of `aws:sns/topic:Topic` from the package `pulumi_aws`."""
    module = _module(package, token)
    if not module.is_file() or f'type_token("{token}")' not in (text := module.read_text()):
        raise UnreadSdk(f"{package} has no resource type {token}; correct the name of the type")
    name = token.rsplit(":", 1)[1]
    classes = _classes(module)
    outputs = _getters(classes[f"_{name}State"]) if f"_{name}State" in classes else {}
    outputs = outputs or _getters(classes[name])
    secrets = (_camel(word) for found in _SECRETS.findall(text) for word in _quoted(found))
    # The name with `Init` is of types whose own would be that of an object type.
    arguments = classes.get(f"{name}Args") or classes[f"{name}InitArgs"]
    return ResourceSchema(token, module, _getters(arguments), outputs, frozenset(secrets))


@cache
def provider_schema(package: str) -> Mapping[str, str]:
    """The settings that the SDK's provider class takes."""
    return _getters(_classes(package_folder(package) / "provider.py")["ProviderArgs"])


@cache
def provider_endpoints(package: str) -> Mapping[str, str]:
    """The services whose endpoint can be set."""
    name = "ProviderEndpointArgs"
    return _getters(_classes(package_folder(package) / "_inputs.py", name)[name])


def _module(package: str, token: str) -> Path:
    folder, name = token.split(":")[1].split("/")
    if folder == "index":
        return package_folder(package) / f"{_snake(name)}.py"
    folder = "lambda_" if folder == "lambda" else folder
    return package_folder(package) / folder / f"{_snake(name)}.py"


def _classes(module: Path, only: str | None = None) -> dict[str, str]:
    text = module.read_text()
    starts = [match for match in _CLASS.finditer(text) if only in (None, match[1])]
    ends = [match.start() for match in starts[1:]] + [len(text)]
    if only is not None and starts:
        following = _CLASS.search(text, starts[0].end())
        ends = [following.start() if following else len(text)]
    found = {match[1]: text[match.start() : end] for match, end in zip(starts, ends, strict=True)}
    if only is not None and only not in found:
        raise UnreadSdk(f"{module} has no class {only}; reinstall the SDK")
    return found


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
