"""Reads the settings of the provider from the stack or from an explicit provider."""

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
    def from_config(cls, config: Mapping[str, Any]) -> "Settings":
        region = config.get("region") or os.environ.get("AWS_REGION")
        return cls(
            region=region or os.environ.get("AWS_DEFAULT_REGION", ""),
            access_key=config.get("accessKey"),
            secret_key=config.get("secretKey"),
            session_token=config.get("token"),
            endpoints=_endpoints(config.get("endpoints")),
            default_tags=_parse(config.get("defaultTags"), {}).get("tags", {}),
        )

    def endpoint(self, service: str) -> str | None:
        name = _SAME_ENDPOINT.get(service, service)
        return self.endpoints.get(name) or os.environ.get("AWS_ENDPOINT_URL")


def find_problems(config: Mapping[str, Any]) -> Iterator[Problem]:
    """Return the problems of the settings; values that are unknown before the update are valid."""
    declared = provider_schema("pulumi_aws")
    for name in config:
        if name in _ENGINE_OWN or name.startswith("__"):
            continue
        if name not in declared:
            yield Problem(name, unknown_name("provider aws", name, SERVED))
        elif name not in SERVED:
            served = ", ".join(SERVED)
            yield Problem(
                name,
                f'provider aws: the local stand-in does not support "{name}"; it supports '
                f"{served}; remove aws:{name} from the local stack",
            )
    if UNKNOWN not in (config.get("region"), config.get("endpoints")):
        yield from _value_problems(config)


def _value_problems(config: Mapping[str, Any]) -> Iterator[Problem]:
    try:
        settings = Settings.from_config(config)
    except (ValueError, TypeError, AttributeError):
        reason = "provider aws: endpoints must be a list of objects, for example {sns: http://…}"
        yield Problem("endpoints", reason)
        return
    if not settings.region:
        yield Problem("region", "provider aws needs a region; set aws:region")
    known = provider_endpoints("pulumi_aws")
    for service, url in settings.endpoints.items():
        if service not in known:
            yield Problem("endpoints", unknown_name("provider aws endpoints", service, known))
        host = urlsplit(url).hostname or ""
        if host.endswith(("amazonaws.com", "amazonaws.com.cn")) or not host:
            yield Problem(
                "endpoints",
                f"the local aws provider connects only to an emulator, but the endpoint of "
                f"{service} is {url!r}; use the official plugin for AWS",
            )


def _endpoints(value: Any) -> dict[str, str]:
    return {service: url for entry in _parse(value, []) for service, url in entry.items() if url}


def _parse(value: Any, default: Any) -> Any:
    """Return a setting as an object; the engine passes objects as JSON text."""
    if isinstance(value, str):
        return json.loads(value) if value else default
    return default if value is None or value is UNKNOWN else value
