"""Reads the settings of the provider from the stack or an explicit provider."""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from plugins.sdk import provider_endpoints, provider_schema
from plugins.validation import Problem, unknown_name
from plugins.values import UNKNOWN

SERVED = (
    "accessKey",
    "defaultTags",
    "endpoints",
    "region",
    "s3UsePathStyle",
    "secretKey",
    "skipCredentialsValidation",
    "skipMetadataApiCheck",
    "skipRegionValidation",
    "skipRequestingAccountId",
    "token",
)
_SAME_ENDPOINT = {"sesv2": "ses"}  # the official plugin uses one endpoint for aws.ses
_ENGINE_OWN = ("version", "pluginDownloadURL")


@dataclass(frozen=True, kw_only=True)
class Settings:
    region: str = ""
    access_key: str | None = None
    secret_key: str | None = None
    session_token: str | None = None
    endpoints: Mapping[str, str] = field(default_factory=dict)  # by the service name of the SDK
    default_tags: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> "Settings":
        region = given.get("region") or os.environ.get("AWS_REGION")
        return cls(
            region=region or os.environ.get("AWS_DEFAULT_REGION", ""),
            access_key=given.get("accessKey"),
            secret_key=given.get("secretKey"),
            session_token=given.get("token"),
            endpoints=_endpoints(given.get("endpoints")),
            default_tags=_parsed(given.get("defaultTags"), {}).get("tags", {}),
        )

    def endpoint(self, service: str) -> str | None:
        name = _SAME_ENDPOINT.get(service, service)
        return self.endpoints.get(name) or os.environ.get("AWS_ENDPOINT_URL")


def problems(given: Mapping[str, Any]) -> Iterator[Problem]:
    """Return the problems of the settings; unknown values are accepted."""
    declared = provider_schema("pulumi_aws")
    for name in given:
        if name in _ENGINE_OWN or name.startswith("__"):
            continue
        if name not in declared:
            yield Problem(name, unknown_name("provider aws", name, SERVED))
        elif name not in SERVED:
            served = ", ".join(SERVED)
            yield Problem(
                name,
                f'provider aws: "{name}" is not served by the local stand-in, which serves '
                f"{served}; remove aws:{name} from the local stack",
            )
    if UNKNOWN not in (given.get("region"), given.get("endpoints")):
        yield from _value_problems(given)


def _value_problems(given: Mapping[str, Any]) -> Iterator[Problem]:
    try:
        settings = Settings.of(given)
    except (ValueError, TypeError, AttributeError):
        reason = "provider aws: endpoints must be a list of objects such as {sns: http://…}; fix it"
        yield Problem("endpoints", reason)
        return
    if not settings.region:
        yield Problem("region", "provider aws needs a region, and none is given; set aws:region")
    known = provider_endpoints("pulumi_aws")
    for service, url in settings.endpoints.items():
        if service not in known:
            yield Problem("endpoints", unknown_name("provider aws endpoints", service, known))
        host = urlsplit(url).hostname or ""
        if host.endswith(("amazonaws.com", "amazonaws.com.cn")) or not host:
            yield Problem(
                "endpoints",
                f"the local aws provider talks to an emulator only, not to {url!r} ({service}); "
                "use the official plugin for AWS itself",
            )


def _endpoints(value: Any) -> dict[str, str]:
    return {service: url for each in _parsed(value, []) for service, url in each.items() if url}


def _parsed(value: Any, otherwise: Any) -> Any:
    """Parse settings that are JSON text."""
    if isinstance(value, str):
        return json.loads(value) if value else otherwise
    return otherwise if value is None or value is UNKNOWN else value
