"""Reads `Pulumi.<stack>.yaml` and says in one sentence what is wrong with it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumi.runtime import config as settings
from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_core import ErrorDetails

from stacks.config import StackConfig

PROJECT = "herald"
REGION = "aws:region"
NAMESPACES = {PROJECT, "aws", "docker-build", "kubernetes", "pulumi", "random"}


class ConfigError(pulumi.RunError):
    """A stack file is wrong; the message names file, key, what was expected and what came."""


def load() -> StackConfig:
    """The stack's settings; nothing is registered when one of them is wrong."""
    given = {**settings.get_config_env(), **settings.CONFIG.get()}
    secret_keys = {*settings.get_config_secret_keys_env(), *settings._SECRET_KEYS.get()}
    return parse(pulumi.get_stack(), given, secret_keys)


def parse(stack: str, given: Mapping[str, str], secret_keys: set[str]) -> StackConfig:
    """`given` are the values as the engine hands them over: text, or JSON for what has parts."""
    file = f"Pulumi.{stack}.yaml"
    for key in given:
        if key.partition(":")[0] not in NAMESPACES:
            known = ", ".join(sorted(NAMESPACES))
            raise ConfigError(f"{file}: {key} is no setting; expected one of {known} before `:`.")
    raw = {key: decoded(value) for key, value in own(given).items()}
    try:
        config = StackConfig.model_validate_json(json.dumps(raw), by_name=False)
    except ValidationError as error:
        raise ConfigError(f"{file}: {sentence(error, secret_keys)}") from None
    for path in plain_secrets(config, raw):
        if spelt(path[:1]) not in secret_keys:
            raise ConfigError(
                f"{file}: {spelt(path)} came as plain text; expected a secret, set by "
                f"`pulumi config set --stack {stack} --secret --path {spelt(path)}`."
            )
    return config


def own(given: Mapping[str, str]) -> dict[str, str]:
    project = {
        key.removeprefix(f"{PROJECT}:"): value
        for key, value in given.items()
        if key.startswith(f"{PROJECT}:")
    }
    return project | ({REGION: given[REGION]} if REGION in given else {})


def decoded(value: str) -> Any:
    """JSON for maps, lists and booleans; all else is text, since `version: 1.10` is no number."""
    if value in ("true", "false") or value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def sentence(error: ValidationError, secret_keys: set[str]) -> str:
    problems = error.errors(include_url=False)
    more = f" ({len(problems) - 1} more)" if len(problems) > 1 else ""
    return f"{problem(problems[0], secret_keys)}{more}."


def problem(details: ErrorDetails, secret_keys: set[str]) -> str:
    path = details["loc"]
    key = spelt([step for step in path if step != "[key]"])
    match details["type"]:
        case "missing":
            parts = ", ".join(known_keys(path))
            return f"{key} is missing; expected {f'a map of {parts}' if parts else 'a value'}"
        case "extra_forbidden":
            return f"{key} is no setting; expected one of {', '.join(known_keys(path[:-1]))}"
    expected = details["msg"].removeprefix("Value error, ")
    for subject in ("Input should be ", "Input should ", "String should ", "List should "):
        expected = expected.replace(subject, "expected " if "be" in subject else "expected to ")
    came = "a secret" if spelt(path[:1]) in secret_keys else json.dumps(details["input"])
    return f"{key} is wrong: {expected}, came {came}"


def known_keys(path: Sequence[int | str]) -> list[str]:
    """The keys that the schema has at a place."""
    schema = StackConfig.model_json_schema()
    place: dict[str, Any] = schema
    for step in path:
        place = place.get("properties", {}).get(step) or place.get("additionalProperties", {})
        for option in [place, *place.get("anyOf", [])]:
            if "$ref" in option:
                place = schema["$defs"][option["$ref"].rpartition("/")[2]]
    return sorted(place.get("properties", {}))


def plain_secrets(config: BaseModel, raw: Any) -> list[tuple[str, ...]]:
    """Where a secret was written into the file itself, instead of another file's path."""
    found: list[tuple[str, ...]] = []
    for name, field in type(config).model_fields.items():
        key, value = field.alias or name, getattr(config, name)
        if isinstance(value, SecretStr) and isinstance(raw[key], str):
            found.append((key,))
        elif isinstance(value, BaseModel) and key in raw:
            found += [(key, *rest) for rest in plain_secrets(value, raw[key])]
    return found


def spelt(path: Sequence[int | str]) -> str:
    """A key as it is written in the file and on the command line."""
    key = str(path[0]) if path else ""
    for step in path[1:]:
        key += f"[{step}]" if isinstance(step, int) else f".{step}"
    return key if key == REGION else f"{PROJECT}:{key}"
