"""Keys of an issuer over time: rotation, storms of unknown ids, outages."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from service_runtime.issuer_keys import KeysUnavailable
from service_runtime.signing_keys import FRESH, KEPT, PAUSE, RETRY, SigningKeys


class Issuer:
    """Its keys, how often they were fetched, and whether it answers."""

    def __init__(self, *ids):
        self.ids, self.fetches, self.down = ids, 0, False
        self.answers = threading.Event()
        self.answers.set()

    def fetch(self):
        self.fetches += 1
        assert self.answers.wait(20)
        if self.down:
            raise KeysUnavailable("down")
        return {id: f"key {id}" for id in self.ids}


@pytest.fixture
def issuer():
    return Issuer("a")


@pytest.fixture
def clock():
    class Clock:
        now = 1000.0

        def __call__(self):
            return self.now

    return Clock()


@pytest.fixture
def keys(issuer, clock):
    return SigningKeys(issuer.fetch, clock)


def settled(keys, issuer, fetches):
    """Waits until the fetch in the background has ended."""
    end = time.monotonic() + 60
    while issuer.fetches < fetches or not keys._ended.is_set():
        assert time.monotonic() < end, "the fetch did not happen"
        time.sleep(0.001)


def test_keys_are_fetched_once_and_remembered(keys, issuer, clock):
    for _ in range(10):
        clock.now += FRESH / 11
        assert keys.find("a") == "key a"
    assert issuer.fetches == 1


def test_many_first_requests_share_one_fetch(keys, issuer):
    issuer.answers.clear()
    with ThreadPoolExecutor(20) as pool:
        found = [pool.submit(keys.find, "a") for _ in range(20)]
        time.sleep(0.05)
        issuer.answers.set()
        assert {each.result() for each in found} == {"key a"}
    assert issuer.fetches == 1


def test_new_key_replaces_old_at_once(keys, issuer, clock):
    assert keys.find("a")
    issuer.ids = ("b",)
    clock.now += PAUSE
    assert keys.find("b") == "key b"
    assert keys.find("a") is None


def test_unknown_ids_cause_few_fetches(keys, issuer, clock):
    for number in range(100):
        assert keys.find(f"unknown {number}") is None
        clock.now += PAUSE / 100
    assert issuer.fetches == 1
    clock.now += 1
    assert keys.find("unknown") is None
    assert issuer.fetches == 2


def test_stale_keys_serve_during_fetch(keys, issuer, clock):
    keys.find("a")
    clock.now += FRESH
    issuer.answers.clear()
    assert keys.find("a") == "key a"  # does not wait
    issuer.ids = ("a", "b")
    issuer.answers.set()
    settled(keys, issuer, 2)
    assert keys.find("b") == "key b"
    assert issuer.fetches == 2


def test_keys_survive_a_days_outage(keys, issuer, clock):
    keys.find("a")
    issuer.down = True
    for hour in range(1, 24):
        clock.now = 1000 + hour * 3600
        assert keys.find("a") == "key a"
        settled(keys, issuer, hour + 1)
    clock.now = 1000 + KEPT
    with pytest.raises(KeysUnavailable):
        keys.find("a")


def test_unknown_key_waits_during_outage(keys, issuer, clock):
    keys.find("a")
    issuer.down, issuer.ids = True, ("b",)
    clock.now += PAUSE
    with pytest.raises(KeysUnavailable):
        keys.find("b")
    issuer.down = False
    with pytest.raises(KeysUnavailable):
        keys.find("b")
    assert issuer.fetches == 2
    clock.now += RETRY
    assert keys.find("b") == "key b"


def test_slow_issuer_delays_callers_briefly(keys, issuer, monkeypatch):
    monkeypatch.setattr("service_runtime.signing_keys.PATIENCE", 0.05)
    issuer.answers.clear()
    with pytest.raises(KeysUnavailable):
        keys.find("a")
    issuer.answers.set()  # not before
    settled(keys, issuer, 1)
    assert keys.find("a") == "key a"
