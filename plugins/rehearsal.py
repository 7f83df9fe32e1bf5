"""Plans resource types from the declaration of their SDK, without creating them."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, ClassVar

from plugins.errors import ProviderError
from plugins.resource import Account, Resource
from plugins.sdk import provider_schema, resource_schema
from plugins.validation import Problem, unknown_name
from plugins.values import Properties

_ENGINE_OWN = ("version", "pluginDownloadURL")


class Rehearsed(Resource[Account]):
    """Represents a type that can only be planned; it accepts every property of the SDK."""

    token = ""
    served = frozenset()
    fills: ClassVar[bool] = False  # True if the service sets omitted properties

    def create(self, inputs: Properties) -> str:
        raise ProviderError(
            f"the local provider can only preview {self.token}; create it with the official plugin"
        )


@cache
def rehearsed_type(sdk: str, token: str, base: type[Rehearsed[Any]]) -> type[Rehearsed[Any]]:
    served = frozenset(resource_schema(sdk, token).inputs)
    computed = served - {"tags"} if base.fills else frozenset()
    attributes = {"token": token, "served": served, "computed": computed}
    return type(token.rpartition(":")[2], (base,), attributes)


class RehearsedPackage:
    """Describes a provider whose types can only be planned, without a service."""

    name: str
    sdk: str
    functions: Mapping[str, Callable[[Properties], Properties]] = {}

    def setting_problems(self, settings: Mapping[str, Any]) -> list[Problem]:
        declared = provider_schema(self.sdk)
        return [
            Problem(name, unknown_name(f"provider {self.name}", name, declared))
            for name in settings
            if name not in (*declared, *_ENGINE_OWN) and not name.startswith("__")
        ]

    def configure(self, settings: Mapping[str, Any]) -> None:
        if problems := self.setting_problems(settings):
            raise ProviderError(problems[0].reason)

    def resource_type(self, token: str) -> type[Resource[None]]:
        raise NotImplementedError

    def resource(self, token: str, properties: Mapping[str, Any]) -> Resource[None]:
        return self.resource_type(token)(None)
