"""Decides from what was accepted and what was sent whether a run kept its promises."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID


class Effect(NamedTuple):
    """One occurrence at one device."""

    occurrence_id: UUID
    device_id: str


@dataclass(frozen=True)
class Accepted:
    """What was promised; `due` in seconds since 1970."""

    effect: Effect
    due: float


@dataclass(frozen=True)
class Sent:
    """What the provider was made to do; `at` in seconds since 1970."""

    effect: Effect
    at: float


@dataclass(frozen=True)
class Verdict:
    """What went wrong, by kind; `unknown` counts what nobody could have known and is no fault."""

    lost: list[Effect] = field(default_factory=list)
    early: list[Effect] = field(default_factory=list)
    duplicate: list[Effect] = field(default_factory=list)
    uncalled: list[Effect] = field(default_factory=list)  # sent without having been accepted
    unknown: int = 0

    @property
    def faultless(self) -> bool:
        return not (self.lost or self.early or self.duplicate or self.uncalled)


def judge(
    accepted: Sequence[Accepted], sent: Sequence[Sent], unknown: Mapping[Effect, int]
) -> Verdict:
    """`unknown` has how many attempts at an effect ended so that nobody knows their outcome.

    Each of them may have been an effect, so it excuses one repeat and no more.
    """
    due = {promise.effect: promise.due for promise in accepted}
    counts = Counter(one.effect for one in sent)
    return Verdict(
        lost=[effect for effect in due if not counts[effect]],
        early=[one.effect for one in sent if one.at < due.get(one.effect, one.at)],
        duplicate=[
            effect for effect, times in counts.items() if times > 1 + unknown.get(effect, 0)
        ],
        uncalled=[effect for effect in counts if effect not in due],
        unknown=sum(unknown.values()),
    )
