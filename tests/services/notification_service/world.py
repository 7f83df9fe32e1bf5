"""The service on adapters in memory, and what they saw."""

from datetime import datetime, timedelta

from event_messages.content import CHANNELS
from event_messages.contract import DueNotification, PendingNotification
from event_messages.event import Event
from notification_service.adapters import Adapters
from notification_service.devices import registered_event
from notification_service.handlers import handle, retry
from notification_service.pacing import SharedPace
from notification_service.ses_email import Email

from tests.services.notification_service.examples import NINE, device, senders, texts
from tests.services.notification_service.fake_deferrals import InMemoryDeferrals
from tests.services.notification_service.fake_devices import InMemoryDevices
from tests.services.notification_service.fake_waiting import InMemoryWaiting
from tests.services.notification_service.fakes import (
    InMemoryDeliveries,
    InMemoryEmail,
    InMemoryPreferences,
    InMemoryPush,
    InMemorySuppressedAddresses,
)


class BrokenEmail:
    """Fails as told, once per given error, then takes everything."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.sent: list[Email] = []

    def send(self, email: Email) -> str:
        if self.errors:
            raise self.errors.pop(0)
        self.sent.append(email)
        return "message-1"


class World:
    """The service's adapters in memory, and what they saw."""

    def __init__(self, *tokens: str, email: InMemoryEmail | BrokenEmail | None = None) -> None:
        self.devices = InMemoryDevices()
        self.preferences = InMemoryPreferences()
        self.deliveries = InMemoryDeliveries(self.devices)
        self.suppressed = InMemorySuppressedAddresses()
        self.push, self.email = InMemoryPush(), email or InMemoryEmail()
        self.waiting = InMemoryWaiting(self.deliveries)
        self.now = NINE
        self.deferrals = InMemoryDeferrals(self.deliveries, lambda: self.now)
        self.fired: set[str] = set()
        self.observed: list[str] = []
        self.claimed: list[str] = []
        for token in tokens:
            registered = device(token)
            self.devices.add(registered, registered_event(registered))
        self.devices.outbox.clear()
        self.adapters = Adapters(
            devices=self.devices,
            preferences=self.preferences,
            deliveries=self.deliveries,
            deferrals=self.deferrals,
            waiting=self.waiting,
            suppressed=self.suppressed,
            push=self.push,
            email=self.email,
            texts=texts(),
            senders=senders(),
            pace=SharedPace(None, {}),
            observe=lambda delivery, outcome: self.observed.append(outcome),
            observe_claim=lambda delivery, claim: self.claimed.append(claim.standing),
            clock=lambda: self.now,
        )

    def handle(self, event: Event) -> None:
        handle(event, self.adapters)

    def retry(self, after: timedelta = timedelta(hours=1)) -> None:
        """Attempt whatever waits, once, after a time."""
        self.waiting.pass_time(after)
        for channel in CHANNELS:
            for one in self.waiting.claim(channel, 100):
                retry(one, self.adapters)

    def problems(self) -> list[str]:
        """Return why notifications wait."""
        return [row.problem for row in self.waiting.rows.values()]

    def asked(self) -> list[PendingNotification]:
        """What is to take the place of something, and was not sent yet, the soonest first."""
        commands = [e for e in self.devices.outbox if e.type == "notification:create"]
        found = [PendingNotification.model_validate(e.data) for e in commands]
        waiting = [one for one in found if str(one.id) not in self.fired]
        return sorted(waiting, key=lambda one: one.deliver_at)

    def run_until(self, moment: datetime, repeats: int = 1) -> None:
        """Be the clock of the platform: send what is asked for when it is due."""
        while (waiting := self.asked()) and waiting[0].deliver_at <= moment:
            self.now = max(self.now, waiting[0].deliver_at)
            self.fired.add(str(waiting[0].id))
            for _ in range(repeats):
                sent = DueNotification.of(waiting[0])
                self.handle(Event.new("notification:send", waiting[0].user_id, sent))
        self.now = max(self.now, moment)

    @property
    def published(self) -> list[tuple[str, str, str | None]]:
        return [
            (e.type, str(e.data.get("target", "")), e.data.get("reason"))
            for e in self.devices.outbox
        ]

    def device_id(self, token: str) -> str:
        return next(str(d.id) for d in self.devices.rows.values() if d.fcm_token == token)

    def end_leases(self) -> None:
        for row in self.deliveries.rows.values():
            row.lease_until -= timedelta(days=1)
