import pytest
from notification_service.circuit_breaker import CircuitBreaker, Guarded
from notification_service.errors import (
    Misconfigured,
    OutcomeUnknown,
    Refused,
    RetryLater,
    Throttled,
)

DOWN = RetryLater("down", after=1)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Provider:
    """Raises what it is told to, and counts the calls."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.calls = 0

    def send(self, item: str) -> str:
        self.calls += 1
        if self.error:
            raise self.error
        return item.upper()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def provider() -> Provider:
    return Provider()


@pytest.fixture
def guarded(provider, clock):
    breaker = CircuitBreaker("FCM", failures=3, shortest_pause=10, longest_pause=30, clock=clock)
    return Guarded(provider, breaker)


def fail(guarded, provider, error=DOWN, times=1):
    provider.error = error
    for _ in range(times):
        with pytest.raises(type(error)):
            guarded.send("x")


def spared_for(guarded, provider):
    """Seconds that the breaker asks to wait; it must not have called the provider."""
    calls = provider.calls
    with pytest.raises(RetryLater, match="FCM failed") as caught:
        guarded.send("x")
    assert provider.calls == calls
    return caught.value.after


def test_a_working_provider_is_called(guarded):
    assert guarded.send("x") == "X"


@pytest.mark.parametrize("error", [DOWN, OutcomeUnknown("?"), Misconfigured("no")])
def test_failures_in_a_row_spare_the_provider(guarded, provider, error):
    fail(guarded, provider, error, times=3)
    assert spared_for(guarded, provider) == 10


def test_a_success_between_failures_starts_the_count_anew(guarded, provider):
    fail(guarded, provider, times=2)
    provider.error = None
    guarded.send("x")
    fail(guarded, provider, times=2)
    provider.error = None
    assert guarded.send("x") == "X"


def test_a_refusal_shows_that_the_provider_works(guarded, provider):
    fail(guarded, provider, times=2)
    fail(guarded, provider, Refused("no"))
    fail(guarded, provider, times=2)
    provider.error = None
    assert guarded.send("x") == "X"


def test_throttling_spares_nobody(guarded, provider):
    fail(guarded, provider, Throttled("slow down"), times=10)
    provider.error = None
    assert guarded.send("x") == "X"


def test_one_call_after_the_pause_decides(guarded, provider, clock):
    fail(guarded, provider, times=3)
    clock.now += 10
    provider.error = None
    assert guarded.send("x") == "X"
    assert guarded.send("x") == "X"


def test_while_one_call_decides_the_others_wait(guarded, provider, clock):
    fail(guarded, provider, times=3)
    clock.now += 10

    class Slow(Provider):
        def send(self, item: str) -> str:
            with pytest.raises(RetryLater, match="FCM failed"):
                guarded.send("another")
            return item

    guarded._provider = Slow()
    assert guarded.send("x") == "x"


def test_each_pause_is_longer_up_to_the_longest(guarded, provider, clock):
    fail(guarded, provider, times=3)
    pauses = []
    for _ in range(4):
        pauses.append(spared_for(guarded, provider))
        clock.now += pauses[-1]
        fail(guarded, provider)
    assert pauses == [10, 20, 30, 30]
