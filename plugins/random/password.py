"""Creates random strings and passwords, which only the state of the stack stores."""

import secrets
import string

from plugins.resource import Resource
from plugins.values import Properties

_SPECIAL = "!@#$%&*()-_=+[]{}<>:?"
_KINDS = (
    ("upper", "minUpper", string.ascii_uppercase),
    ("lower", "minLower", string.ascii_lowercase),
    ("numeric", "minNumeric", string.digits),
    ("special", "minSpecial", _SPECIAL),
)


class RandomString(Resource[None]):
    """Creates random strings; the id is the string, so that it can be imported."""

    served = frozenset(
        {"keepers", "length", "lower", "minLower", "minNumeric", "minSpecial", "minUpper"}
        | {"numeric", "overrideSpecial", "special", "upper"}
    )
    replaced_by = served
    defaults = {
        "lower": True,
        "minLower": 0,
        "minNumeric": 0,
        "minSpecial": 0,
        "minUpper": 0,
        "numeric": True,
        "special": True,
        "upper": True,
    }

    def problems(self, inputs: Properties) -> list[tuple[str, str]]:
        length, least = inputs["length"], [inputs[minimum] for _, minimum, _ in _KINDS]
        if not all(isinstance(number, int) for number in (length, *least)):
            return []
        if length < max(1, sum(least)):
            reason = f"length must be at least {max(1, sum(least))}; got {length}"
            return [("length", reason)]
        if not _alphabet(inputs):
            reason = "no kind of character is allowed; set upper, lower, numeric or special"
            return [("length", reason)]
        return []

    def create(self, inputs: Properties) -> str:
        return _text(inputs)

    def read(self, resource_id: str, state: Properties) -> Properties | None:
        known = {name: state[name] for name in self.served if name in state}
        return {"length": len(resource_id), **self.defaults, **known, "result": resource_id}

    def delete(self, resource_id: str, state: Properties) -> None:
        """Do nothing: the engine deletes the string with the state."""


class RandomPassword(RandomString):
    """Creates passwords, as secrets; there is no bcrypt hash."""

    secret = frozenset({"result"})
    _made = ""

    def create(self, inputs: Properties) -> str:
        self._made = _text(inputs)
        return "none"

    def read(self, resource_id: str, state: Properties) -> Properties | None:
        return super().read(self._made or state.get("result") or resource_id, state)


def _text(inputs: Properties) -> str:
    characters = [
        secrets.choice(_characters(inputs, allowed))
        for _, minimum, allowed in _KINDS
        for _ in range(inputs[minimum])
    ]
    everything = _alphabet(inputs)
    characters += [secrets.choice(everything) for _ in range(inputs["length"] - len(characters))]
    secrets.SystemRandom().shuffle(characters)
    return "".join(characters)


def _alphabet(inputs: Properties) -> str:
    return "".join(_characters(inputs, allowed) for kind, _, allowed in _KINDS if inputs.get(kind))


def _characters(inputs: Properties, allowed: str) -> str:
    return inputs.get("overrideSpecial") or allowed if allowed is _SPECIAL else allowed
