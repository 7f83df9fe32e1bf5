"""Defines the settings of notification-service."""

from typing import Annotated

from event_messages.addresses import email_address
from pydantic import AfterValidator, Field, HttpUrl, SecretStr
from service_runtime.identity_settings import IdentitySettings
from service_runtime.rate_limit import RateLimitSettings
from service_runtime.settings import DatabaseSettings

from notification_service.waiting import Collapse


class Settings(DatabaseSettings, IdentitySettings, RateLimitSettings):
    notification_queue_url: str
    notification_dead_letters_url: str
    event_topic_arn: str
    fcm_credentials: SecretStr  # JSON key of a Google service account
    fcm_url: HttpUrl = HttpUrl("https://fcm.googleapis.com")
    # FCM stores a push for an offline phone for at most four weeks.
    push_lifetime_hours: Annotated[float, Field(gt=0, le=672)] = 4
    ses_template: str
    ses_configuration_set: str
    email_sender: Annotated[str, AfterValidator(email_address)]
    unsubscribe_url: HttpUrl | None = None  # public; None: e-mails have no link
    unsubscribe_key: Annotated[SecretStr, Field(min_length=24)] | None = None  # signs links
    # Verifies links of earlier e-mails after a change of the key.
    unsubscribe_previous_key: Annotated[SecretStr, Field(min_length=24)] | None = None
    smtp_url: SecretStr | None = None  # mail server to use while SES does not accept e-mails
    # E-mails and push notifications per second of all pods. None: the rate of SES.
    email_rate_per_second: Annotated[float | None, Field(gt=0)] = None
    push_rate_per_second: Annotated[float | None, Field(gt=0)] = None  # None: unlimited
    delivery_patience_hours: Annotated[float, Field(gt=0)] = 72  # until a notification expires
    delivery_collapse: Collapse = "series"  # at most one notification of a series waits
