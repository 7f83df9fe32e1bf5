"""Groups the adapters that the actions of this service use."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from notification_service.circuit_breaker import Provider
from notification_service.deferral_store import PostgresDeferrals
from notification_service.deliveries import Claim, Delivery
from notification_service.delivery_store import PostgresDeliveries
from notification_service.device_store import PostgresSuppressedAddresses
from notification_service.devices import Devices
from notification_service.fcm_message import Push
from notification_service.lanes import Lanes
from notification_service.pacing import SharedPace
from notification_service.preference_store import PostgresPreferences
from notification_service.senders import Senders
from notification_service.ses_email import Email
from notification_service.texts import Texts
from notification_service.waiting_store import PostgresWaitingNotifications


@dataclass(frozen=True, kw_only=True)
class Adapters:
    devices: Devices
    preferences: PostgresPreferences
    deliveries: PostgresDeliveries
    deferrals: PostgresDeferrals
    waiting: PostgresWaitingNotifications
    suppressed: PostgresSuppressedAddresses
    push: Provider[Push]
    email: Provider[Email]
    texts: Texts
    senders: Senders
    pace: SharedPace
    lanes: Lanes = field(default_factory=Lanes)
    observe: Callable[[Delivery, str], None] = lambda delivery, outcome: None
    observe_claim: Callable[[Delivery, Claim], None] = lambda delivery, claim: None
    unsubscribe_link: Callable[[str], str | None] = lambda user_id: None
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
