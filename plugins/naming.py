"""Physical names, made as the official plugins make them."""

import hashlib
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from local.providers.resource import AutoName

Mode = Literal["propose", "enforce", "disable"]

_SUFFIX_LENGTH = 7


@dataclass(frozen=True)
class Proposal:
    """What the stack's `pulumi:autonaming` asks for."""

    mode: Mode = "propose"
    name: str = ""


def physical_name(
    rule: AutoName, logical: str, inputs: Mapping[str, Any], seed: bytes, proposal: Proposal
) -> str:
    """A name for a resource whose program gives none."""
    ending = rule.suffix(inputs)
    if proposal.name:
        return rule.leading + proposal.name + ending
    digest = hashlib.sha256(seed).hexdigest() if seed else secrets.token_hex(_SUFFIX_LENGTH)
    tail = f"-{digest[:_SUFFIX_LENGTH]}{ending}"
    name = rule.leading + logical[: rule.maximum - len(tail) - len(rule.leading)] + tail
    return name.lower() if rule.lower_case else name


def prefixed_name(prefix: str, ending: str = "") -> str:
    """A unique name that begins with `prefix`, followed by the time and a random number."""
    moment = time.strftime("%Y%m%d%H%M%S", time.gmtime())
    fraction = time.time_ns() // 100_000 % 10_000
    return f"{prefix}{moment}{fraction:04d}{secrets.token_hex(4)}{ending}"
