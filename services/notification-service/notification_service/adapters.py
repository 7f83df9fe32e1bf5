"""Groups the adapters that the actions of this service use."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from notification_service.deferrals import Deferrals
from notification_service.deliveries import Claim, Deliveries, Delivery
from notification_service.devices import Devices
from notification_service.fcm_message import Push
from notification_service.lanes import Lanes
from notification_service.pacing import Pace, Unpaced
from notification_service.preferences import PreferenceStore
from notification_service.senders import Senders
from notification_service.ses_email import Email
from notification_service.ses_notices import SuppressedAddresses
from notification_service.texts import Texts
from notification_service.waiting import WaitingNotifications


class PushProvider(Protocol):
    def send(self, push: Push) -> str: ...


class EmailProvider(Protocol):
    def send(self, email: Email) -> str: ...


@dataclass(frozen=True, kw_only=True)
class Adapters:
    devices: Devices
    preferences: PreferenceStore
    deliveries: Deliveries
    deferrals: Deferrals
    waiting: WaitingNotifications
    suppressed: SuppressedAddresses
    push: PushProvider
    email: EmailProvider
    texts: Texts
    senders: Senders
    pace: Pace = Unpaced()
    lanes: Lanes = field(default_factory=Lanes)
    observe: Callable[[Delivery, str], None] = lambda delivery, outcome: None
    observe_claim: Callable[[Delivery, Claim], None] = lambda delivery, claim: None
    unsubscribe_link: Callable[[str], str | None] = lambda user_id: None
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
