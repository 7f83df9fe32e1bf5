"""What every provider and every channel promises."""

import pytest
from event_messages import content
from event_messages.contract import DeliveryOutcome
from notification_service.deliveries import LEASES
from notification_service.errors import (
    Misconfigured,
    NeverRetry,
    Refused,
    RetryLater,
    Throttled,
)
from notification_service.failover import Failover
from notification_service.protected_provider import ProtectedProvider
from notification_service.sending import CHANNELS as SENDERS
from notification_service.templates import PARTS

from tests.services.notification_service.channels import PROVIDERS
from tests.services.notification_service.examples import due
from tests.services.notification_service.fakes import InMemoryEmail
from tests.services.notification_service.world import BrokenEmail, World

FAULTS = {
    "item": NeverRetry,
    "configuration": Misconfigured,
    "provider": RetryLater,
    "throttling": Throttled,
}


class Second:
    """The provider that takes over."""

    def send(self, item):
        return "second"


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture(params=PROVIDERS)
def channel(request, tmp_path):
    with PROVIDERS[request.param](tmp_path) as channel:
        yield channel


@pytest.fixture
def faults(channel):
    """The faults that the provider can tell; a mail server has no answer of its own for a rate."""
    return {fault: error for fault, error in FAULTS.items() if fault in channel.answers}


def fail(sender, channel, fault, times=1):
    channel.answer(fault)
    for _ in range(times):
        with pytest.raises(Exception, match=".") as caught:
            sender.send(channel.item)
    return caught.value


def test_accepted_item_has_provider_id(channel):
    assert channel.provider.send(channel.item)
    assert len(channel.identities()) == 1


def test_repeated_item_keeps_identity(channel):
    for _ in range(2):
        channel.provider.send(channel.item)
    first, second = channel.identities()
    assert first == second


def test_answers_name_their_fault(channel, faults):
    for fault, expected in faults.items():
        error = fail(channel.provider, channel, fault)
        assert isinstance(error, expected)
        assert error.fault == fault
        assert "ada@example.org" not in str(error)
    assert channel.identities() == []
    assert type(fail(channel.provider, channel, "lost")) is channel.lost


def test_outage_spares_provider_until_it_recovers(channel):
    clock = Clock()
    guarded = ProtectedProvider(channel.provider, "test", clock=clock)
    fail(guarded, channel, "provider", times=5)
    channel.answer("accepted")
    with pytest.raises(RetryLater, match="failed several times"):
        guarded.send(channel.item)
    clock.now = 15
    assert guarded.send(channel.item)
    assert guarded.send(channel.item)


def test_rejected_configuration_stops_provider(channel):
    guarded = ProtectedProvider(channel.provider, "test")
    fail(guarded, channel, "configuration", times=5)
    channel.answer("accepted")
    with pytest.raises(Misconfigured, match="rejected our configuration"):
        guarded.send(channel.item)


def test_faulty_items_stop_nobody(channel):
    guarded = ProtectedProvider(channel.provider, "test")
    fail(guarded, channel, "item", times=20)
    channel.answer("accepted")
    assert guarded.send(channel.item)


def test_second_provider_takes_over(channel, faults):
    failover = Failover(channel.provider, Second())
    for fault in ("provider", "configuration"):
        channel.answer(fault)
        assert failover.send(channel.item) == "second"
    for fault in faults.keys() - {"provider", "configuration"}:
        assert isinstance(fail(failover, channel, fault), faults[fault])


CHANNELS = {
    "push": lambda error: World("unregistered-1" if error else "valid-1"),
    "email": lambda error: World(email=BrokenEmail(error) if error else InMemoryEmail()),
}


def test_every_channel_is_covered():
    """A channel of the contract needs a sender, a lease, texts and a world here."""
    expected = set(content.CHANNELS)
    assert set(SENDERS) == set(LEASES) == set(PARTS) == set(CHANNELS) == expected


@pytest.fixture(params=CHANNELS)
def kind(request):
    return request.param


def outcomes(world):
    told = [e for e in world.devices.outbox if e.type.startswith("notification:")]
    return [(e.type, DeliveryOutcome.model_validate(e.data).channel) for e in told]


def sent_by(world, kind):
    return (world.push if kind == "push" else world.email).sent


def test_repeated_message_is_sent_once(kind):
    world = CHANNELS[kind](None)
    for _ in range(3):
        world.handle(due(channel=kind))
    assert len(sent_by(world, kind)) == 1
    assert outcomes(world) == [("notification:delivered", kind)]


def test_faulty_item_fails_once(kind):
    world = CHANNELS[kind](Refused("no"))
    for _ in range(3):
        world.handle(due(channel=kind))
    assert sent_by(world, kind) == []
    assert outcomes(world) == [("notification:failed", kind)]


def test_suppressed_address_gets_nothing():
    world = World()
    world.suppressed.add("Ada@EXAMPLE.org", "BOUNCED")
    world.handle(due(channel="email"))
    assert world.email.sent == []
    assert outcomes(world) == [("notification:failed", "email")]
