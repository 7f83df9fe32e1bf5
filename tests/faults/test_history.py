"""The judge itself: it finds each kind of fault, and only where there is one."""

from uuid import UUID

from tests.faults.history import Accepted, Effect, Sent, Verdict, judge

TEA, WATER = (Effect(UUID(int=number), "phone") for number in (1, 2))
DUE = 1000.0
PROMISES = [Accepted(TEA, DUE), Accepted(WATER, DUE)]


def test_each_once_and_not_before_its_time_is_faultless():
    verdict = judge(PROMISES, [Sent(TEA, DUE), Sent(WATER, DUE + 60)], {})
    assert verdict == Verdict()
    assert verdict.faultless


def test_a_lost_effect_is_found():
    verdict = judge(PROMISES, [Sent(TEA, DUE)], {})
    assert verdict == Verdict(lost=[WATER])
    assert not verdict.faultless


def test_an_unknown_outcome_does_not_excuse_a_loss():
    verdict = judge(PROMISES, [Sent(TEA, DUE)], {WATER: 3})
    assert verdict == Verdict(lost=[WATER], unknown=3)
    assert not verdict.faultless


def test_an_early_effect_is_found_even_when_another_follows_in_time():
    sent = [Sent(TEA, DUE - 0.001), Sent(TEA, DUE), Sent(WATER, DUE)]
    verdict = judge(PROMISES, sent, {TEA: 1})
    assert verdict == Verdict(early=[TEA], unknown=1)
    assert not verdict.faultless


def test_a_second_effect_is_found():
    verdict = judge(PROMISES, [Sent(TEA, DUE), Sent(TEA, DUE + 1), Sent(WATER, DUE)], {})
    assert verdict == Verdict(duplicate=[TEA])
    assert not verdict.faultless


def test_an_unknown_outcome_excuses_one_repeat_of_its_own_effect_and_is_counted():
    twice = [Sent(TEA, DUE), Sent(TEA, DUE + 1), Sent(WATER, DUE)]
    excused = judge(PROMISES, twice, {TEA: 1})
    assert excused == Verdict(unknown=1)
    assert excused.faultless
    assert judge(PROMISES, [*twice, Sent(TEA, DUE + 2)], {TEA: 1}).duplicate == [TEA]
    assert judge(PROMISES, twice, {WATER: 1}).duplicate == [TEA]


def test_the_same_occurrence_at_another_device_is_another_effect():
    tablet = TEA._replace(device_id="tablet")
    promises = [Accepted(TEA, DUE), Accepted(tablet, DUE)]
    assert judge(promises, [Sent(TEA, DUE), Sent(tablet, DUE)], {}) == Verdict()
    assert judge(promises, [Sent(TEA, DUE)], {}).lost == [tablet]


def test_an_effect_that_nobody_asked_for_is_found():
    verdict = judge(PROMISES[:1], [Sent(TEA, DUE), Sent(WATER, DUE)], {})
    assert verdict == Verdict(uncalled=[WATER])
    assert not verdict.faultless
