"""Reads `Pulumi.<stack>.yaml` and reports errors in one sentence."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Generic, TypeVar

import pulumi
from pulumi.runtime import config as settings
from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_core import ErrorDetails

from stacks.config.project import PROJECT
from stacks.config.stack import StackConfig

OF_PROVIDERS = ("aws:region", "aws:defaultTags")  # settings that the programs also read
Config = TypeVar("Config", bound=BaseModel)


@dataclass(frozen=True, kw_only=True)
class Program(Generic[Config]):
    """Pairs a program with the model of its stack files."""

    project: str
    config: type[Config]
    packages: frozenset[str]  # packages whose settings the file may contain
    folder: str = ""  # of its stack files, relative to the repository

    @property
    def namespaces(self) -> list[str]:
        return sorted({self.project, "aws", "pulumi", *self.packages})

    def file(self, stack: str) -> str:
        return f"{self.folder}Pulumi.{stack}.yaml"

    def dotted_key(self, path: Sequence[int | str]) -> str:
        """Return a key in the notation of stack files and the command line."""
        key = str(path[0]) if path else ""
        for step in path[1:]:
            key += f"[{step}]" if isinstance(step, int) else f".{step}"
        return key if key in OF_PROVIDERS else f"{self.project}:{key}"


PLATFORM = Program(
    project=PROJECT,
    config=StackConfig,
    packages=frozenset({"docker-build", "kubernetes", "random"}),
)


class ConfigError(pulumi.RunError):
    """Reports a wrong stack file: file, key, expected and actual value."""


def load(program: Program[Config]) -> Config:
    """Return the settings of the stack; raise ConfigError before any resource is registered."""
    given = {**settings.get_config_env(), **settings.CONFIG.get()}
    secret_keys = {*settings.get_config_secret_keys_env(), *settings._SECRET_KEYS.get()}
    return parse_values(program, pulumi.get_stack(), given, secret_keys)


def parse(stack: str, given: Mapping[str, str], secret_keys: set[str]) -> StackConfig:
    return parse_values(PLATFORM, stack, given, secret_keys)


def parse_values(
    program: Program[Config], stack: str, given: Mapping[str, str], secret_keys: set[str]
) -> Config:
    """Parse the values of the engine: text, or JSON for maps and lists."""
    file = program.file(stack)
    for key in given:
        if key.partition(":")[0] not in program.namespaces:
            known = ", ".join(program.namespaces)
            raise ConfigError(f"{file}: unknown setting {key}; expected one of {known} before `:`.")
    raw = {key: decode(value) for key, value in own(program.project, given).items()}
    try:
        config = program.config.model_validate_json(json.dumps(raw), by_name=False)
    except ValidationError as error:
        raise ConfigError(f"{file}: {sentence(program, error, secret_keys)}") from None
    for path in plain_secrets(config, raw):
        if program.dotted_key(path[:1]) not in secret_keys:
            key = program.dotted_key(path)
            raise ConfigError(
                f"{file}: {key} is plain text; expected a secret, set by "
                f"`pulumi config set --stack {stack} --secret --path {key}`."
            )
    return config


def own(project: str, given: Mapping[str, str]) -> dict[str, str]:
    settings_of_it = {
        key.removeprefix(f"{project}:"): value
        for key, value in given.items()
        if key.startswith(f"{project}:")
    }
    return settings_of_it | {key: given[key] for key in OF_PROVIDERS if key in given}


def decode(value: str) -> Any:
    """Decode maps, lists and booleans; other values stay text, for example `version: 1.10`."""
    if value in ("true", "false") or value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def sentence(program: Program[Any], error: ValidationError, secret_keys: set[str]) -> str:
    """Return one sentence; unknown keys come first, because they explain missing ones."""
    problems = sorted(
        error.errors(include_url=False), key=lambda each: each["type"] != "extra_forbidden"
    )
    others = len(problems) - 1
    more = f" ({others} more problem{'s' if others > 1 else ''})" if others else ""
    return f"{problem(program, problems[0], secret_keys)}{more}."


def problem(program: Program[Any], details: ErrorDetails, secret_keys: set[str]) -> str:
    path = details["loc"]
    key = program.dotted_key([step for step in path if step != "[key]"])
    match details["type"]:
        case "missing":
            parts = ", ".join(known_keys(program.config, path))
            return f"{key} is missing; expected {f'a map of {parts}' if parts else 'a value'}"
        case "extra_forbidden":
            known = known_keys(program.config, path[:-1])
            if nearest := get_close_matches(str(path[-1]), known, 1):
                similar = program.dotted_key([*path[:-1], *nearest])
                return f"unknown setting {key}; the most similar setting is {similar}"
            return f"unknown setting {key}; expected one of {', '.join(known)}"
    expected = details["msg"].removeprefix("Value error, ")
    for subject in ("Input should be ", "Input should ", "String should ", "List should "):
        expected = expected.replace(subject, "expected " if "be" in subject else "expected to ")
    is_secret = program.dotted_key(path[:1]) in secret_keys
    value = "a secret" if is_secret else json.dumps(details["input"])
    return f"{key} is wrong: {expected}; got {value}"


def known_keys(config: type[BaseModel], path: Sequence[int | str]) -> list[str]:
    """Return the keys of the schema at a place."""
    schema = config.model_json_schema()
    place: dict[str, Any] = schema
    for step in path:
        place = place.get("properties", {}).get(step) or place.get("additionalProperties", {})
        for option in [place, *place.get("anyOf", [])]:
            if "$ref" in option:
                place = schema["$defs"][option["$ref"].rpartition("/")[2]]
    return sorted(place.get("properties", {}))


def plain_secrets(config: BaseModel, raw: Any) -> list[tuple[str, ...]]:
    """Return the keys whose secret is in the file, instead of the path of a file."""
    found: list[tuple[str, ...]] = []
    for name, field in type(config).model_fields.items():
        key, value = field.alias or name, getattr(config, name)
        if isinstance(value, SecretStr) and isinstance(raw[key], str):
            found.append((key,))
        elif isinstance(value, BaseModel) and key in raw:
            found += [(key, *rest) for rest in plain_secrets(value, raw[key])]
    return found
