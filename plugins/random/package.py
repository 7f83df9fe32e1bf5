"""Describes the random provider for the engine."""

from collections.abc import Callable, Mapping
from typing import Any

from plugins.errors import ProviderError, UnservedType
from plugins.random.password import RandomPassword, RandomString
from plugins.resource import Resource
from plugins.sdk import resource_schema
from plugins.validation import Problem, unknown_name
from plugins.values import Properties

TYPES: Mapping[str, type[Resource[None]]] = {
    "random:index/randomPassword:RandomPassword": RandomPassword,
    "random:index/randomString:RandomString": RandomString,
}


class RandomPackage:
    name = "random"
    sdk = "pulumi_random"
    functions: Mapping[str, Callable[[Properties], Properties]] = {}

    def setting_problems(self, settings: Mapping[str, Any]) -> list[Problem]:
        own = ("version", "pluginDownloadURL")
        unknown = [name for name in settings if name not in own and not name.startswith("__")]
        return [Problem(name, unknown_name("provider random", name, own)) for name in unknown]

    def configure(self, settings: Mapping[str, Any]) -> None:
        if problems := self.setting_problems(settings):
            raise ProviderError(problems[0].reason)

    def resource_type(self, token: str) -> type[Resource[None]]:
        if token not in TYPES:
            resource_schema(self.sdk, token)  # reports unknown types first
            raise UnservedType(token, self.name)
        return TYPES[token]

    def resource(self, token: str, properties: Mapping[str, Any]) -> Resource[None]:
        return self.resource_type(token)(None)
