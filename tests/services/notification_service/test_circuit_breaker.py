import pytest
from notification_service.errors import (
    ForeignToken,
    Misconfigured,
    MisconfiguredForDevice,
    OutcomeUnknown,
    Refused,
    RetryLater,
    Throttled,
)
from notification_service.protected_provider import MOST_SLOW, SLOW, ProtectedProvider
from prometheus_client import REGISTRY

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
    return ProtectedProvider(provider, "FCM", clock=clock)


def fail(guarded, provider, error=DOWN, times=1):
    provider.error = error
    for _ in range(times):
        with pytest.raises(type(error)) as caught:
            guarded.send("x")
        assert caught.value is error


def spared_for(guarded, provider, error=RetryLater):
    """Seconds that the breaker asks to wait; it must not have called the provider."""
    calls = provider.calls
    with pytest.raises(error, match="in a row") as caught:
        guarded.send("x")
    assert type(caught.value) is error
    assert provider.calls == calls
    return caught.value.after


def metric(name, **labels):
    return REGISTRY.get_sample_value(name, {"provider": "fcm", **labels})


def test_a_working_provider_is_called(guarded):
    assert guarded.send("x") == "X"


@pytest.mark.parametrize("error", [DOWN, OutcomeUnknown("?")])
def test_consecutive_failures_spare_the_provider(guarded, provider, error):
    fail(guarded, provider, error, times=5)
    assert spared_for(guarded, provider) == 15
    assert (metric("provider_spared"), metric("provider_misconfigured")) == (1, 0)


def test_rejected_configuration_stops_channel(guarded, provider, clock):
    fail(guarded, provider, Misconfigured("no"), times=5)
    assert spared_for(guarded, provider, Misconfigured) == 15
    assert (metric("provider_spared"), metric("provider_misconfigured")) == (0, 1)
    clock.now += 15
    provider.error = None
    assert guarded.send("x") == "X"
    assert metric("provider_misconfigured") == 0


@pytest.mark.parametrize("error", [MisconfiguredForDevice("APNs key"), ForeignToken("project")])
def test_one_device_stops_nobody(guarded, provider, error):
    fail(guarded, provider, error, times=20)
    provider.error = None
    assert guarded.send("x") == "X"


def test_outages_and_configuration_count_apart(guarded, provider):
    for _ in range(4):
        fail(guarded, provider)
        fail(guarded, provider, Misconfigured("no"))
    provider.error = None
    assert guarded.send("x") == "X"


def test_answers_are_counted_by_fault(guarded, provider):
    before = metric("provider_answers_total", fault="device") or 0
    fail(guarded, provider, ForeignToken("project"))
    assert metric("provider_answers_total", fault="device") == before + 1


def test_slow_calls_leave_threads_free(guarded, clock):
    nested = 0

    class Slow(Provider):
        def send(self, item: str) -> str:
            nonlocal nested
            nested += 1
            clock.now += SLOW / MOST_SLOW + SLOW
            return guarded.send(item)

    guarded._provider = Slow()
    with pytest.raises(RetryLater, match="too slowly") as caught:
        guarded.send("x")
    assert (nested, caught.value.after) == (MOST_SLOW, SLOW)


def test_success_resets_the_count(guarded, provider):
    fail(guarded, provider, times=4)
    provider.error = None
    guarded.send("x")
    fail(guarded, provider, times=4)
    provider.error = None
    assert guarded.send("x") == "X"


def test_refusal_proves_that_provider_works(guarded, provider):
    fail(guarded, provider, times=4)
    fail(guarded, provider, Refused("no"))
    fail(guarded, provider, times=4)
    provider.error = None
    assert guarded.send("x") == "X"


def test_throttling_spares_nobody(guarded, provider):
    fail(guarded, provider, Throttled("slow down"), times=10)
    provider.error = None
    assert guarded.send("x") == "X"


def test_one_call_after_the_pause_decides(guarded, provider, clock):
    fail(guarded, provider, times=5)
    clock.now += 15
    provider.error = None
    assert guarded.send("x") == "X"
    assert guarded.send("x") == "X"


def test_calls_wait_for_the_probing_one(guarded, provider, clock):
    fail(guarded, provider, times=5)
    clock.now += 15

    class Slow(Provider):
        def send(self, item: str) -> str:
            with pytest.raises(RetryLater, match="in a row"):
                guarded.send("another")
            return item

    guarded._provider = Slow()
    assert guarded.send("x") == "x"


def test_pauses_grow_to_the_limit(guarded, provider, clock):
    fail(guarded, provider, times=5)
    pauses = []
    for _ in range(8):
        pauses.append(spared_for(guarded, provider))
        clock.now += pauses[-1]
        fail(guarded, provider)
    assert pauses == [15, 30, 60, 120, 240, 480, 900, 900]
