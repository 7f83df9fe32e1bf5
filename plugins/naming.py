"""Creates physical names by the rules of the official plugins."""

import hashlib
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from plugins.resource import AutoName

Mode = Literal["propose", "enforce", "disable"]


@dataclass(frozen=True)
class Proposal:
    """Describes the name that the stack setting `pulumi:autonaming` proposes."""

    mode: Mode = "propose"
    name: str = ""


def physical_name(
    rule: AutoName, logical: str, inputs: Mapping[str, Any], seed: bytes, proposal: Proposal
) -> str:
    """Return the name of a resource that the program does not name."""
    ending = rule.suffix(inputs)
    if proposal.name:
        return rule.leading + proposal.name + ending
    digest = hashlib.sha256(seed).hexdigest() if seed else secrets.token_hex(rule.digits)
    tail = f"-{digest[: rule.digits]}{ending}"
    name = rule.leading + logical[: rule.maximum - len(tail) - len(rule.leading)] + tail
    return name.lower() if rule.lower_case else name


def prefixed_name(prefix: str, ending: str = "") -> str:
    """Return a unique name: `prefix`, the time and a random number."""
    moment = time.strftime("%Y%m%d%H%M%S", time.gmtime())
    fraction = time.time_ns() // 100_000 % 10_000
    return f"{prefix}{moment}{fraction:04d}{secrets.token_hex(4)}{ending}"
