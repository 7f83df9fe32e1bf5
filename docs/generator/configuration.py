"""Describes the keys of stack files and the settings of services, with limits and defaults."""

import importlib
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel

from docs.generator.markdown import code, comments_of, page, table
from stacks.config.services import find_services
from stacks.config.stack import StackConfig
from stacks.foundation.config import FoundationConfig

TITLES = ("key", "type", "default", "notes")
FORMATS = {
    "password": "secret",
    "date": "day, such as `2026-12-31`",
    "date-time": "time (RFC 3339)",
    "uuid": "UUID",
}
LIMITS = {
    "minimum": "≥ {}",
    "exclusiveMinimum": "> {}",
    "maximum": "≤ {}",
    "minLength": "{} or more characters",
    "maxLength": "up to {} characters",
    "minItems": "{} or more items",
    "maxItems": "up to {} items",
}
INTRODUCTION = """\
Keys of `Pulumi.STACK.yaml`. Herald checks a stack file before it creates anything. It refuses
unknown keys and wrong types. A secret is a Pulumi secret, or `fromFile: PATH` with a path
relative to the project.

`[]` marks the items of a list, and `NAME` a key that you choose."""
FOUNDATION = """\
Keys of `stacks/foundation/Pulumi.STACK.yaml`. Herald checks them like the
[keys of the platform](configuration.md)."""
SETTINGS = """\
Environment variables that each service reads at its start. A stack sets those that it knows; set
others by `herald:workloadEnvironment`. A service stops with an error that names each wrong
variable. It ignores unknown variables."""
SERVICES: Mapping[str, type[BaseModel]] = {
    name: importlib.import_module(f"{service.package}.settings").Settings
    for name, service in find_services().items()
    if service.is_python
}


def configuration_page() -> str:
    return page("Configuration of a stack", INTRODUCTION, keys_of(StackConfig, "herald:"))


def foundation_page() -> str:
    rows = keys_of(FoundationConfig, "herald-foundation:")
    return page("Configuration of a foundation", FOUNDATION, rows)


def settings_page() -> str:
    sections = [
        f"## {name}\n\n" + table(TITLES, settings_rows(model)) for name, model in SERVICES.items()
    ]
    return page("Settings of the services", SETTINGS, *sections)


def settings_rows(model: type[BaseModel]) -> Iterator[tuple[str, str, str, str]]:
    schema, comments = model.model_json_schema(), comments_of(model)
    for name, described in schema["properties"].items():
        shown = simple(described, schema)
        default = default_of(name, shown, schema)
        yield code(name.upper()), type_of(shown), default, comments.get(name, "")


def keys_of(model: type[BaseModel], prefix: str) -> str:
    schema = model.model_json_schema(by_alias=True)
    classes = {each.__name__: each for each in nested(model)}
    return table(TITLES, rows(schema, model, schema, classes, prefix))


def nested(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """Return the model and every model in its fields."""
    yield model
    for field in model.model_fields.values():
        for inner in models_in(field.annotation):
            yield from nested(inner)


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from models_in(argument)


def rows(
    schema: Mapping[str, Any],
    model: type[BaseModel],
    root: Mapping[str, Any],
    classes: Mapping[str, type[BaseModel]],
    prefix: str,
) -> Iterator[tuple[str, str, str, str]]:
    comments, names = comments_of(model), {f.alias: n for n, f in model.model_fields.items()}
    for key, described in schema["properties"].items():
        shown = simple(described, root)
        name = key if ":" in key else f"{prefix}{key}"
        suffix, inner = inner_object(shown, root)
        note = comments.get(names[key], "")
        if inner is None:
            yield code(name), type_of(shown), default_of(key, shown, schema), note
            continue
        if note or "default" not in shown:
            yield code(name + suffix), "section", default_of(key, shown, schema), note
        below = classes[inner]
        yield from rows(root["$defs"][inner], below, root, classes, f"{name}{suffix}.")


def simple(described: Mapping[str, Any], root: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema without the `null` of an optional value."""
    choices = [each for each in described.get("anyOf", []) if each.get("type") != "null"]
    if len(choices) == 1:
        return {**described, **choices[0]}
    return dict(described)


def inner_object(shown: Mapping[str, Any], root: Mapping[str, Any]) -> tuple[str, str | None]:
    """Return the suffix of a key, and the name of the section in it, if it has one."""
    for suffix, place in (("", shown), ("[]", shown.get("items")), (".NAME", extra(shown))):
        reference = (place or {}).get("$ref")
        if reference:
            name = reference.rsplit("/", 1)[-1]
            if "properties" in root["$defs"][name]:
                return suffix, name
    return "", None


def extra(shown: Mapping[str, Any]) -> Mapping[str, Any]:
    more = shown.get("additionalProperties")
    return more if isinstance(more, Mapping) else {}


def type_of(
    shown: Mapping[str, Any], name_of: Callable[[Mapping[str, Any]], str] = lambda _: "object"
) -> str:
    """Return the type of a value with its limits; `name_of` names the schema of an object."""
    if "$ref" in shown:
        return name_of(shown)
    if "enum" in shown or "const" in shown:
        return ", ".join(code(each) for each in shown.get("enum", [shown.get("const")]))
    if shown.get("format") in FORMATS:
        return FORMATS[shown["format"]]
    name = str(shown.get("type", "JSON")).replace("string", "text").replace("array", "list")
    if "items" in shown:
        name = f"list of {type_of(shown['items'], name_of)}"
    elif extra(shown):
        name = f"map to {type_of(extra(shown), name_of)}"
    limits = [
        text.format(drop_fraction(shown[limit])) for limit, text in LIMITS.items() if limit in shown
    ]
    if "pattern" in shown:
        limits.append(code(shown["pattern"]))
    return ", ".join([name, *limits])


def drop_fraction(value: float) -> float:
    """Return a whole number without its fraction, which OpenAPI documents add to limits."""
    return int(value) if value == int(value) else value


def default_of(key: str, shown: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    if key in schema.get("required", ()):
        return "required"
    default = shown.get("default")
    return "" if default in (None, {}, []) else code(json.dumps(default))
