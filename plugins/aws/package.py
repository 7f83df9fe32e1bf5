"""The AWS provider as the engine sees it: its types, functions and settings."""

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from typing import Any

from local.providers.aws.account import Account
from local.providers.aws.rehearsed import REHEARSED, rehearsed_type
from local.providers.aws.resource import AwsResource
from local.providers.aws.settings import Settings, problems
from local.providers.aws.types import TYPES
from local.providers.errors import ProviderError, UnservedType
from local.providers.sdk import resource_schema
from local.providers.validation import Problem
from local.providers.values import UNKNOWN, Properties


class AwsPackage:
    name = "aws"
    sdk = "pulumi_aws"

    def __init__(self) -> None:
        self._account = Account(Settings())
        self.functions: Mapping[str, Callable[[Properties], Properties]] = {
            "aws:index/getCallerIdentity:getCallerIdentity": self.caller_identity,
            "aws:index/getPartition:getPartition": self.partition,
            "aws:index/getRegion:getRegion": self.region,
        }

    def setting_problems(self, settings: Mapping[str, Any]) -> list[Problem]:
        return list(problems(settings))

    def configure(self, settings: Mapping[str, Any]) -> None:
        found = self.setting_problems(settings)
        if found:
            raise ProviderError(found[0].reason)
        self._account = Account(Settings.of(settings))

    def resource_type(self, token: str) -> type[AwsResource]:
        return resource_type(token)

    def resource(self, token: str, properties: Mapping[str, Any]) -> AwsResource:
        region = properties.get("region")
        return self.resource_type(token)(self._account, None if region is UNKNOWN else region)

    def caller_identity(self, _: Properties) -> Properties:
        told = self._account.call("sts", "get_caller_identity")
        account = told["Account"]
        return {"accountId": account, "arn": told["Arn"], "id": account, "userId": told["UserId"]}

    def region(self, arguments: Properties) -> Properties:
        name = arguments.get("region") or arguments.get("name") or self._account.settings.region
        return {
            "description": name,
            "endpoint": f"ec2.{name}.amazonaws.com",
            "id": name,
            "name": name,
            "region": name,
        }

    def partition(self, _: Properties) -> Properties:
        return {
            "dnsSuffix": "amazonaws.com",
            "id": "aws",
            "partition": "aws",
            "reverseDnsPrefix": "com.amazonaws",
        }


@cache
def resource_type(token: str) -> type[AwsResource]:
    if token in REHEARSED:
        return rehearsed_type(token)
    if token not in TYPES:
        resource_schema("pulumi_aws", token)  # tells first when there is no such type at all
        raise UnservedType(token, "aws")
    module, name = TYPES[token].split(".")
    found: type[AwsResource] = getattr(import_module(f"local.providers.aws.{module}"), name)
    return found
