"""Compares values of properties, and finds their differences."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from plugins.values import UNKNOWN, has_unknown

Kind = Literal["add", "delete", "update"]
Form = Literal["plain", "document", "policy", "unordered", "partial"]


def same(old: Any, new: Any, form: Form = "plain") -> bool:
    """Return True if two values are equal in the form of the property.

    Documents are JSON text, compared by structure. Policies and unordered lists have no order. For
    a partial object, only the members of the program count. Missing and empty values, `False` and 0
    are equal, because AWS exchanges them.
    """
    if has_unknown(old) or has_unknown(new):
        return False
    if form == "document":
        return bool(_parsed(old) == _parsed(new))
    if form == "partial":
        return _partly(old, new)
    if form == "policy":
        return bool(_statement(_parsed(old)) == _statement(_parsed(new)))
    return bool(_canonical(old, form) == _canonical(new, form))


def differences(path: str, old: Any, new: Any, form: Form = "plain") -> Iterator[tuple[str, Kind]]:
    """Return the paths at which two values differ."""
    if same(old, new, form):
        return
    if form == "plain" and isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted({*old, *new}):
            yield from differences(_member(path, key), old.get(key), new.get(key))
    elif form == "plain" and isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            was, shall = (each[index] if index < len(each) else None for each in (old, new))
            yield from differences(f"{path}[{index}]", was, shall)
    else:
        yield path, _kind(old, new)


def is_empty(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(is_empty(item) for item in value.values())
    return value is not UNKNOWN and (value is None or value in ("", [], False, 0))


def _kind(old: Any, new: Any) -> Kind:
    if old is None:
        return "add"
    return "delete" if new is None else "update"


def _member(path: str, key: str) -> str:
    return f"{path}.{key}" if key.isidentifier() else f"{path}[{json.dumps(key)}]"


def _canonical(value: Any, form: Form) -> Any:
    if is_empty(value):
        return None
    if isinstance(value, Mapping):
        return {key: _canonical(item, form) for key, item in value.items() if not is_empty(item)}
    if isinstance(value, list):
        items = [_canonical(item, form) for item in value]
        return sorted(items, key=_text) if form == "unordered" else items
    return value


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _partly(old: Any, new: Any) -> bool:
    if isinstance(new, Mapping) and isinstance(old, Mapping):
        return all(_partly(old.get(key), value) for key, value in new.items())
    if isinstance(new, list) and isinstance(old, list):
        return len(old) == len(new) and all(map(_partly, old, new))
    return same(old, new)


def _parsed(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value) if value else None
    except ValueError:
        return value


def _statement(value: Any) -> Any:
    """Normalize a statement: for AWS, a value and a list of one value are equal."""
    if isinstance(value, Mapping):
        return {key: _statement(item) for key, item in value.items()}
    if isinstance(value, list):
        if len(value) == 1:
            return _statement(value[0])
        return sorted((_statement(item) for item in value), key=_text)
    return value
