import pytest
from notification_service.errors import (
    Misconfigured,
    OutcomeUnknown,
    Refused,
    RetryLater,
    Throttled,
)
from notification_service.failover import Failover
from notification_service.protected_provider import ProtectedProvider


class Provider:
    def __init__(self, name, error=None):
        self.name, self.error, self.sent = name, error, []

    def send(self, item):
        self.sent.append(item)
        if self.error:
            raise self.error
        return f"{self.name}-{item}"


def test_the_first_sends_while_it_can():
    first, second = Provider("ses"), Provider("smtp")
    assert Failover(first, second).send(1) == "ses-1"
    assert second.sent == []


@pytest.mark.parametrize("error", [RetryLater("503"), Misconfigured("sending is paused")])
def test_second_provider_sends_unsent_emails(error):
    assert Failover(Provider("ses", error), Provider("smtp")).send(1) == "smtp-1"


@pytest.mark.parametrize(
    "error", [Throttled("slow down"), OutcomeUnknown("no answer"), Refused("no")]
)
def test_failover_never_repeats_or_circumvents(error):
    second = Provider("smtp")
    with pytest.raises(type(error)) as caught:
        Failover(Provider("ses", error), second).send(1)
    assert caught.value is error
    assert second.sent == []


def test_a_spared_provider_is_not_asked():
    ses = Provider("ses", RetryLater("503"))
    failover = Failover(ProtectedProvider(ses, "SES"), Provider("smtp"))
    assert [failover.send(item) for item in range(7)] == [f"smtp-{item}" for item in range(7)]
    assert ses.sent == [0, 1, 2, 3, 4]


def test_stopped_provider_is_not_asked():
    ses = Provider("ses", Misconfigured("the sender is not verified"))
    failover = Failover(ProtectedProvider(ses, "SES"), Provider("smtp"))
    assert [failover.send(item) for item in range(7)] == [f"smtp-{item}" for item in range(7)]
    assert ses.sent == [0, 1, 2, 3, 4]


def test_what_neither_takes_is_retried():
    failover = Failover(Provider("ses", RetryLater("503")), Provider("smtp", RetryLater("421")))
    with pytest.raises(RetryLater, match="421 Before that: 503"):
        failover.send(1)
