"""Checks properties against the declarations of the SDK and the supported subset."""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from plugins.comparison import Form
from plugins.resource import Resource
from plugins.sdk import ResourceSchema, is_optional
from plugins.values import UNKNOWN

_WRAPPERS = re.compile(r"^(?:pulumi\.Input|Optional)\[(.*)\]$")
_OBJECT = re.compile(r"^'([\w.]+Args)'$")
_LITERAL = re.compile(r"^Literal\['(.*)'\]$")
_SCALARS: Mapping[str, tuple[tuple[type, ...], str]] = {
    "_builtins.str": ((str,), "text"),
    "_builtins.bool": ((bool,), "true or false"),
    "_builtins.int": ((int,), "a whole number"),
    "_builtins.float": ((int, float), "a number"),
}


@dataclass(frozen=True)
class Problem:
    property: str
    reason: str


def unknown_name(kind: str, name: str, known: Iterable[str]) -> str:
    similar = difflib.get_close_matches(name, list(known), n=1)
    advice = f'did you mean "{similar[0]}"?' if similar else "remove it."
    return f'{kind} has no property "{name}"; {advice}'


def problems(
    resource: type[Resource[Any]], schema: ResourceSchema, inputs: Mapping[str, Any]
) -> Iterator[Problem]:
    """Return the problems of the inputs; the engine refuses a resource that has any."""
    if not resource.declared:
        return
    for name, value in inputs.items():
        yield from _property_problems(resource, schema, name, value)
    for name in schema.required:
        if name not in inputs:
            yield Problem(name, f'{schema.token} needs the property "{name}"; set it')
    for group in resource.conflicts:
        names = sorted(name for name in group if name in inputs)
        if len(names) > 1:
            quoted = " and ".join(f'"{name}"' for name in names)
            yield Problem(names[0], f"{schema.token} takes only one of {quoted}; remove the other")


def _property_problems(
    resource: type[Resource[Any]], schema: ResourceSchema, name: str, value: Any
) -> Iterator[Problem]:
    if name not in schema.inputs:
        yield Problem(name, unknown_name(schema.token, name, resource.served))
    elif name not in resource.served:
        served = ", ".join(sorted(resource.served))
        yield Problem(
            name,
            f'{schema.token}: the local provider does not support "{name}"; it supports {served}; '
            "remove the property from the local stack",
        )
    else:
        kind = schema.inputs[name]
        yield from _kind_problems(schema, name, kind, value, resource.form(name))


def _kind_problems(
    schema: ResourceSchema, path: str, annotation: str, value: Any, form: Form = "plain"
) -> Iterator[Problem]:
    kind = _bare(annotation)
    if value is UNKNOWN or (form in ("document", "policy") and isinstance(value, Mapping)):
        return
    if kind.startswith("Sequence["):
        yield from _list_problems(schema, path, kind[9:-1], value)
    elif kind.startswith("Mapping["):
        yield from _map_problems(schema, path, kind.split(", ", 1)[1][:-1], value)
    elif match := _OBJECT.match(kind):
        yield from _object_problems(schema, path, match[1], value)
    else:
        yield from _scalar_problems(schema, path, kind, value)


def _list_problems(schema: ResourceSchema, path: str, kind: str, value: Any) -> Iterator[Problem]:
    if not isinstance(value, list):
        yield _wrong(schema, path, "a list", value)
        return
    for index, item in enumerate(value):
        yield from _kind_problems(schema, f"{path}[{index}]", kind, item)


def _map_problems(schema: ResourceSchema, path: str, kind: str, value: Any) -> Iterator[Problem]:
    if not isinstance(value, Mapping):
        yield _wrong(schema, path, "a map", value)
        return
    for key, item in value.items():
        yield from _kind_problems(schema, f"{path}.{key}", kind, item)


def _object_problems(
    schema: ResourceSchema, path: str, class_name: str, value: Any
) -> Iterator[Problem]:
    if not isinstance(value, Mapping):
        yield _wrong(schema, path, "an object", value)
        return
    members = schema.nested(class_name)
    for key, item in value.items():
        if key not in members:
            yield Problem(f"{path}.{key}", unknown_name(f"{schema.token} {path}", key, members))
        else:
            yield from _kind_problems(schema, f"{path}.{key}", members[key], item)
    for key, kind in members.items():
        if key not in value and not is_optional(kind):
            reason = f'{schema.token} {path} needs the property "{key}"; set it'
            yield Problem(f"{path}.{key}", reason)


def _scalar_problems(schema: ResourceSchema, path: str, kind: str, value: Any) -> Iterator[Problem]:
    if literal := _LITERAL.match(kind):
        if value != literal[1]:
            yield _wrong(schema, path, f'"{literal[1]}"', value)
        return
    name = "_builtins.str" if kind.startswith("Union[_builtins.str") else kind
    types, expected = _SCALARS.get(name, ((object,), ""))
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in (*types, object)):
        if object not in types:
            yield _wrong(schema, path, expected, value)


def _bare(annotation: str) -> str:
    while match := _WRAPPERS.match(annotation):
        annotation = match[1]
    return annotation


def _wrong(schema: ResourceSchema, path: str, expected: str, value: Any) -> Problem:
    return Problem(path, f'{schema.token} "{path}" must be {expected}; got {value!r}')
