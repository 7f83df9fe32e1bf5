"""What this service is told by its environment."""

from typing import Annotated

from pydantic import Field, HttpUrl, SecretStr
from service_runtime.identity_settings import IdentitySettings
from service_runtime.rate_limit import RateLimitSettings
from service_runtime.settings import DatabaseSettings


class Settings(DatabaseSettings, IdentitySettings, RateLimitSettings):
    notification_queue_url: str
    notification_dead_letters_url: str
    event_topic_arn: str
    fcm_credentials: SecretStr  # a Google service account's JSON key
    fcm_url: HttpUrl = HttpUrl("https://fcm.googleapis.com")
    ses_template: str
    ses_configuration_set: str
    email_sender: str
    unsubscribe_url: HttpUrl | None = None  # public; without it e-mails have no link
    unsubscribe_key: Annotated[SecretStr, Field(min_length=24)] | None = None  # signs links
    smtp_url: SecretStr | None = None  # of the mail server for when SES takes no e-mail
