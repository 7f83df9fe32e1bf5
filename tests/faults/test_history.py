"""The judge itself: it finds each kind of fault, and only where there is one."""

from uuid import UUID

from tests.faults.history import Accepted, Effect, Sent, Verdict, judge

TEA, WATER = (Effect(UUID(int=number), "phone") for number in (1, 2))
DUE = 1000.0
PROMISES = [Accepted(TEA, DUE), Accepted(WATER, DUE)]


def test_punctual_single_effects_have_no_fault():
    verdict = judge(PROMISES, [Sent(TEA, DUE), Sent(WATER, DUE + 60)], {})
    assert verdict == Verdict()
    assert verdict.faultless


def test_a_lost_effect_is_found():
    verdict = judge(PROMISES, [Sent(TEA, DUE)], {})
    assert verdict == Verdict(lost=[WATER])
    assert not verdict.faultless


def test_unknown_outcome_does_not_excuse_loss():
    verdict = judge(PROMISES, [Sent(TEA, DUE)], {WATER: 3})
    assert verdict == Verdict(lost=[WATER], unknown=3)
    assert not verdict.faultless


def test_early_effect_before_another_is_found():
    sent = [Sent(TEA, DUE - 0.001), Sent(TEA, DUE), Sent(WATER, DUE)]
    verdict = judge(PROMISES, sent, {TEA: 1})
    assert verdict == Verdict(early=[TEA], unknown=1)
    assert not verdict.faultless


def test_a_second_effect_is_found():
    verdict = judge(PROMISES, [Sent(TEA, DUE), Sent(TEA, DUE + 1), Sent(WATER, DUE)], {})
    assert verdict == Verdict(duplicate=[TEA])
    assert not verdict.faultless


def test_unknown_outcome_excuses_one_counted_repeat():
    twice = [Sent(TEA, DUE), Sent(TEA, DUE + 1), Sent(WATER, DUE)]
    excused = judge(PROMISES, twice, {TEA: 1})
    assert excused == Verdict(unknown=1)
    assert excused.faultless
    assert judge(PROMISES, [*twice, Sent(TEA, DUE + 2)], {TEA: 1}).duplicate == [TEA]
    assert judge(PROMISES, twice, {WATER: 1}).duplicate == [TEA]


def test_occurrence_has_one_effect_per_device():
    tablet = TEA._replace(device_id="tablet")
    promises = [Accepted(TEA, DUE), Accepted(tablet, DUE)]
    assert judge(promises, [Sent(TEA, DUE), Sent(tablet, DUE)], {}) == Verdict()
    assert judge(promises, [Sent(TEA, DUE)], {}).lost == [tablet]


def test_effect_without_request_is_found():
    verdict = judge(PROMISES[:1], [Sent(TEA, DUE), Sent(WATER, DUE)], {})
    assert verdict == Verdict(uncalled=[WATER])
    assert not verdict.faultless
