"""Describes the AWS provider for the engine: types, functions and settings."""

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from plugins import rehearsal
from plugins.aws.account import Account
from plugins.aws.resource import AwsResource
from plugins.aws.settings import Settings, find_problems
from plugins.errors import ProviderError
from plugins.validation import Problem
from plugins.values import UNKNOWN, Properties


class AwsPackage:
    name = "aws"
    sdk = "pulumi_aws"

    def __init__(self) -> None:
        self._account = Account(Settings())
        self.functions: Mapping[str, Callable[[Properties], Properties]] = {
            "aws:eks/getAddonVersion:getAddonVersion": self.addon_version,
            "aws:index/getCallerIdentity:getCallerIdentity": self.caller_identity,
            "aws:index/getPartition:getPartition": self.partition,
            "aws:index/getRegion:getRegion": self.region,
            "aws:lb/getHostedZoneId:getHostedZoneId": self.balancers_zone,
            "aws:secretsmanager/getSecretVersion:getSecretVersion": self.secret_version,
        }

    def setting_problems(self, settings: Mapping[str, Any]) -> list[Problem]:
        return list(find_problems(settings))

    def configure(self, settings: Mapping[str, Any]) -> None:
        if problems := self.setting_problems(settings):
            raise ProviderError(problems[0].reason)
        self._account = Account(Settings.from_config(settings))

    def resource_type(self, token: str) -> type[AwsResource]:
        return resource_type(token)

    def resource(self, token: str, properties: Mapping[str, Any]) -> AwsResource:
        region = properties.get("region")
        return self.resource_type(token)(self._account, None if region is UNKNOWN else region)

    def caller_identity(self, _: Properties) -> Properties:
        answer = self._account.call("sts", "get_caller_identity")
        account = answer["Account"]
        return {
            "accountId": account,
            "arn": answer["Arn"],
            "id": account,
            "userId": answer["UserId"],
        }

    def addon_version(self, arguments: Properties) -> Properties:
        """Return a description, because only AWS knows the version; clusters are only planned."""
        default = f"AWS's default for {arguments['kubernetesVersion']}"
        return {**arguments, "id": arguments["addonName"], "version": default}

    def balancers_zone(self, arguments: Properties) -> Properties:
        """Return a description, because only AWS knows the zone; balancers are only planned."""
        region = arguments.get("region") or self._account.settings.region
        return {**arguments, "id": f"AWS's zone of load balancers in {region}"}

    def region(self, arguments: Properties) -> Properties:
        name = arguments.get("region") or arguments.get("name") or self._account.settings.region
        return {
            "description": name,
            "endpoint": f"ec2.{name}.amazonaws.com",
            "id": name,
            "name": name,
            "region": name,
        }

    def secret_version(self, arguments: Properties) -> Properties:
        name = arguments["secretId"]
        answer = self._account.call("secretsmanager", "get_secret_value", SecretId=name)
        return {
            "arn": answer["ARN"],
            "createdDate": answer["CreatedDate"].isoformat(),
            "id": f"{name}|AWSCURRENT",
            "region": self._account.settings.region,
            "secretBinary": "",
            "secretId": name,
            "secretString": answer["SecretString"],
            "versionId": answer["VersionId"],
            "versionStages": answer["VersionStages"],
        }

    def partition(self, _: Properties) -> Properties:
        return {
            "dnsSuffix": "amazonaws.com",
            "id": "aws",
            "partition": "aws",
            "reverseDnsPrefix": "com.amazonaws",
        }


class Rehearsed(rehearsal.Rehearsed[Account], AwsResource):
    """Plans a type that has no class here; only the official plugin creates it."""

    fills = True
    regional = False  # the SDK declares `region` like other properties


@cache
def resource_type(token: str) -> type[AwsResource]:
    """Return the class of a type, for example `sns.Topic` for `aws:sns/topic:Topic`."""
    served = served_type(token)
    if served is not None:
        return served
    planned = rehearsal.rehearsed_type("pulumi_aws", token, Rehearsed)
    assert issubclass(planned, AwsResource)
    return planned


def served_type(token: str) -> type[AwsResource] | None:
    module, name = token.split(":")[1].partition("/")[0], token.rpartition(":")[2]
    path = f"plugins.aws.{'lambda_' if module == 'lambda' else module}"
    found = getattr(import_module(path), name, None) if find_spec(path) else None
    return found if isinstance(found, type) and issubclass(found, AwsResource) else None
