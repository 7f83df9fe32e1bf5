"""Compares property values and lists their differences."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from plugins.values import UNKNOWN, has_unknown

Kind = Literal["add", "delete", "update"]
Form = Literal["plain", "document", "policy", "unordered", "partial"]


def same(old: Any, new: Any, form: Form = "plain") -> bool:
    """Return True if two values are equal in the form of the property.

    The form `document` compares JSON text by its structure. The forms `policy` and `unordered`
    ignore the order of items. The form `partial` compares only the members that the program sets.
    Missing values, empty values, `False` and 0 are equal, because AWS returns one for another.
    """
    if has_unknown(old) or has_unknown(new):
        return False
    if form == "document":
        return bool(_parse(old) == _parse(new))
    if form == "partial":
        return _contains(old, new)
    if form == "policy":
        return bool(_statement(_parse(old)) == _statement(_parse(new)))
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
            before, after = (items[index] if index < len(items) else None for items in (old, new))
            yield from differences(f"{path}[{index}]", before, after)
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


def _contains(old: Any, new: Any) -> bool:
    if isinstance(new, Mapping) and isinstance(old, Mapping):
        return all(_contains(old.get(key), value) for key, value in new.items())
    if isinstance(new, list) and isinstance(old, list):
        return len(old) == len(new) and all(map(_contains, old, new))
    return same(old, new)


def _parse(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value) if value else None
    except ValueError:
        return value


def _statement(value: Any) -> Any:
    """Normalise a statement: AWS treats a value like a list with this value only."""
    if isinstance(value, Mapping):
        return {key: _statement(item) for key, item in value.items()}
    if isinstance(value, list):
        if len(value) == 1:
            return _statement(value[0])
        return sorted((_statement(item) for item in value), key=_text)
    return value
