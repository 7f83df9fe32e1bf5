"""What this service is told by its environment."""

from pydantic import HttpUrl, SecretStr
from service_runtime.identity_settings import IdentitySettings
from service_runtime.settings import DatabaseSettings


class Settings(DatabaseSettings, IdentitySettings):
    notification_queue_url: str
    notification_dead_letters_url: str
    event_topic_arn: str
    fcm_credentials: SecretStr  # a Google service account's JSON key
    fcm_url: HttpUrl = HttpUrl("https://fcm.googleapis.com")
    ses_template: str
    ses_configuration_set: str
    email_sender: str
    smtp_url: SecretStr | None = None  # of the mail server for when SES takes no e-mail
