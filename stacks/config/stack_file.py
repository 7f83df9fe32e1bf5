"""Reads `Pulumi.<stack>.yaml` and says in one sentence what is wrong with it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import pulumi
from pulumi.runtime import config as settings
from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_core import ErrorDetails

from stacks.config import StackConfig

REGION = "aws:region"
Config = TypeVar("Config", bound=BaseModel)


@dataclass(frozen=True, kw_only=True)
class Program(Generic[Config]):
    """Whose stack files they are, and what stands in them."""

    project: str
    config: type[Config]
    packages: frozenset[str]  # whose settings may stand there too
    folder: str = ""  # of its stack files, from the top

    @property
    def namespaces(self) -> list[str]:
        return sorted({self.project, "aws", "pulumi", *self.packages})

    def file(self, stack: str) -> str:
        return f"{self.folder}Pulumi.{stack}.yaml"

    def spelt(self, path: Sequence[int | str]) -> str:
        """A key as it is written in the file and on the command line."""
        key = str(path[0]) if path else ""
        for step in path[1:]:
            key += f"[{step}]" if isinstance(step, int) else f".{step}"
        return key if key == REGION else f"{self.project}:{key}"


PLATFORM = Program(
    project="herald",
    config=StackConfig,
    packages=frozenset({"docker-build", "kubernetes", "random"}),
)


class ConfigError(pulumi.RunError):
    """A stack file is wrong; the message names file, key, what was expected and what came."""


def load(program: Program[Config]) -> Config:
    """The stack's settings; nothing is registered when one of them is wrong."""
    given = {**settings.get_config_env(), **settings.CONFIG.get()}
    secret_keys = {*settings.get_config_secret_keys_env(), *settings._SECRET_KEYS.get()}
    return parsed(program, pulumi.get_stack(), given, secret_keys)


def parse(stack: str, given: Mapping[str, str], secret_keys: set[str]) -> StackConfig:
    return parsed(PLATFORM, stack, given, secret_keys)


def parsed(
    program: Program[Config], stack: str, given: Mapping[str, str], secret_keys: set[str]
) -> Config:
    """`given` are the values as the engine hands them over: text, or JSON for what has parts."""
    file = program.file(stack)
    for key in given:
        if key.partition(":")[0] not in program.namespaces:
            known = ", ".join(program.namespaces)
            raise ConfigError(f"{file}: {key} is no setting; expected one of {known} before `:`.")
    raw = {key: decoded(value) for key, value in own(program.project, given).items()}
    try:
        config = program.config.model_validate_json(json.dumps(raw), by_name=False)
    except ValidationError as error:
        raise ConfigError(f"{file}: {sentence(program, error, secret_keys)}") from None
    for path in plain_secrets(config, raw):
        if program.spelt(path[:1]) not in secret_keys:
            key = program.spelt(path)
            raise ConfigError(
                f"{file}: {key} came as plain text; expected a secret, set by "
                f"`pulumi config set --stack {stack} --secret --path {key}`."
            )
    return config


def own(project: str, given: Mapping[str, str]) -> dict[str, str]:
    settings_of_it = {
        key.removeprefix(f"{project}:"): value
        for key, value in given.items()
        if key.startswith(f"{project}:")
    }
    return settings_of_it | ({REGION: given[REGION]} if REGION in given else {})


def decoded(value: str) -> Any:
    """JSON for maps, lists and booleans; all else is text, since `version: 1.10` is no number."""
    if value in ("true", "false") or value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def sentence(program: Program[Any], error: ValidationError, secret_keys: set[str]) -> str:
    """A misspelt key comes first: what is missing may be what it means."""
    problems = sorted(
        error.errors(include_url=False), key=lambda each: each["type"] != "extra_forbidden"
    )
    more = f" ({len(problems) - 1} more)" if len(problems) > 1 else ""
    return f"{problem(program, problems[0], secret_keys)}{more}."


def problem(program: Program[Any], details: ErrorDetails, secret_keys: set[str]) -> str:
    path = details["loc"]
    key = program.spelt([step for step in path if step != "[key]"])
    match details["type"]:
        case "missing":
            parts = ", ".join(known_keys(program.config, path))
            return f"{key} is missing; expected {f'a map of {parts}' if parts else 'a value'}"
        case "extra_forbidden":
            known = ", ".join(known_keys(program.config, path[:-1]))
            return f"{key} is no setting; expected one of {known}"
    expected = details["msg"].removeprefix("Value error, ")
    for subject in ("Input should be ", "Input should ", "String should ", "List should "):
        expected = expected.replace(subject, "expected " if "be" in subject else "expected to ")
    came = "a secret" if program.spelt(path[:1]) in secret_keys else json.dumps(details["input"])
    return f"{key} is wrong: {expected}, came {came}"


def known_keys(config: type[BaseModel], path: Sequence[int | str]) -> list[str]:
    """The keys that the schema has at a place."""
    schema = config.model_json_schema()
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
