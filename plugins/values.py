"""Converts property values of the engine to plain Python and back.

Unknown values become `UNKNOWN`. As in the engine, a top-level property that contains a secret is
itself a secret.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from google.protobuf.struct_pb2 import ListValue, NullValue, Struct, Value

Properties = dict[str, Any]

_UNKNOWN_TEXT = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_SIGNATURE_KEY = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"
_RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e"
_OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"


class Unknown:
    """Marks a value that only the update will determine."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown()


def decode(struct: Struct) -> tuple[Properties, frozenset[str]]:
    """Return the properties and the names of secret ones; null properties are omitted."""
    secrets: set[str] = set()
    properties: Properties = {}
    for name, value in struct.fields.items():
        plain, secret = _plain(value)
        if plain is not None:
            properties[name] = plain
        if secret:
            secrets.add(name)
    return properties, frozenset(secrets)


def encode(properties: Mapping[str, Any], secrets: Collection[str] = ()) -> Struct:
    struct = Struct()
    for name, value in properties.items():
        if value is not None:
            struct.fields[name].CopyFrom(_secret(value) if name in secrets else _message(value))
    return struct


def has_unknown(value: Any) -> bool:
    """Return True if a value is unknown or contains an unknown value."""
    return any(item is UNKNOWN for item in _leaves(value))


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        for item in value.values():
            yield from _leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


def _plain(value: Value) -> tuple[Any, bool]:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return (UNKNOWN if value.string_value == _UNKNOWN_TEXT else value.string_value), False
    if kind == "number_value":
        number = value.number_value
        return (int(number) if number.is_integer() else number), False
    if kind == "bool_value":
        return value.bool_value, False
    if kind == "list_value":
        items = [_plain(item) for item in value.list_value.values]
        return [item for item, _ in items], any(secret for _, secret in items)
    if kind == "struct_value":
        return _plain_object(value.struct_value)
    return None, False


def _plain_object(struct: Struct) -> tuple[Any, bool]:
    signature = struct.fields[_SIGNATURE_KEY].string_value if _SIGNATURE_KEY in struct else ""
    if signature == _SECRET:
        return _plain(struct.fields["value"])[0], True
    if signature == _OUTPUT:
        value = _plain(struct.fields["value"])[0] if "value" in struct else UNKNOWN
        return value, "secret" in struct and struct.fields["secret"].bool_value
    if signature == _RESOURCE:
        return _plain(struct.fields["id"] if "id" in struct else struct.fields["urn"])
    properties, secrets = decode(struct)
    return properties, bool(secrets)


def _message(value: Any) -> Value:
    if value is None:
        return Value(null_value=NullValue.NULL_VALUE)
    if value is UNKNOWN:
        return Value(string_value=_UNKNOWN_TEXT)
    if isinstance(value, bool):
        return Value(bool_value=value)
    if isinstance(value, int | float):
        return Value(number_value=value)
    if isinstance(value, Mapping):
        return Value(struct_value=encode(value))
    if isinstance(value, list | tuple):
        return Value(list_value=ListValue(values=[_message(item) for item in value]))
    return Value(string_value=str(value))


def _secret(value: Any) -> Value:
    return Value(struct_value=encode({_SIGNATURE_KEY: _SECRET, "value": value}))
