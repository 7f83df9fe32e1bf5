"""E-mails through SES, whose stored template is a frame for the texts of this service."""

import json
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

import botocore.session
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
)

from notification_service.errors import (
    Misconfigured,
    OutcomeUnknown,
    ProviderError,
    Refused,
    RetryLater,
    Throttled,
)
from notification_service.texts import EmailText
from notification_service.unsubscription import one_click_headers

# botocore would repeat a request whose answer was lost, and SES would send the e-mail twice.
ONE_ATTEMPT = Config(connect_timeout=5, read_timeout=20, retries={"total_max_attempts": 1})
OCCURRENCE_TAG = "occurrence"

THROTTLED = {"TooManyRequestsException", "ThrottlingException", "Throttling"}
REFUSED = {"MessageRejected", "BadRequestException"}


def ses_client() -> Any:
    """Region, credentials and endpoint come from the environment."""
    return botocore.session.get_session().create_client("sesv2", config=ONE_ATTEMPT)


class SesClient(Protocol):
    def send_email(self, **request: Any) -> dict[str, Any]: ...


@dataclass(frozen=True, kw_only=True)
class Email:
    to: str
    text: EmailText
    occurrence_id: UUID
    unsubscribe_url: str | None = None  # without login, at one click

    @property
    def headers(self) -> dict[str, str]:
        """Beside those that every e-mail has."""
        # Mail programs keep e-mails with different ids apart, and equal ones together.
        own = {"X-Entity-Ref-ID": str(self.occurrence_id)}
        return {**own, **one_click_headers(self.unsubscribe_url)}


class SesEmail:
    """Sends with one template, from one sender, through one configuration set."""

    def __init__(
        self, client: SesClient, *, sender: str, template: str, configuration_set: str
    ) -> None:
        self._client = client
        self._sender = sender
        self._template = template
        self._configuration_set = configuration_set

    def send(self, email: Email) -> str:
        """Send, and return SES's id of the message."""
        try:
            answer = self._client.send_email(**self._request(email))
        except ClientError as error:
            raise error_of(error) from error
        except (ConnectTimeoutError, EndpointConnectionError) as error:
            raise RetryLater(f"SES could not be reached ({type(error).__name__}).") from error
        except (NoCredentialsError, ParamValidationError) as error:
            problem = f"The request to SES could not be made ({type(error).__name__})."
            raise Misconfigured(problem) from error
        except BotoCoreError as error:
            problem = f"SES was asked and no answer came ({type(error).__name__})."
            raise OutcomeUnknown(problem) from error
        return str(answer["MessageId"])

    def _request(self, email: Email) -> dict[str, Any]:
        occurrence = str(email.occurrence_id)
        return {
            "FromEmailAddress": self._sender,
            "Destination": {"ToAddresses": [email.to]},
            "Content": {
                "Template": {
                    "TemplateName": self._template,
                    "TemplateData": template_data(email.text),
                    "Headers": [
                        {"Name": name, "Value": value} for name, value in email.headers.items()
                    ],
                }
            },
            "ConfigurationSetName": self._configuration_set,
            "EmailTags": [{"Name": OCCURRENCE_TAG, "Value": occurrence}],
        }


def template_data(text: EmailText) -> str:
    """Every variable of the stored template, which is but a frame; SES escapes none of them."""
    values = {"subject": text.subject, "text": text.text, "html": text.html}
    return json.dumps(values, ensure_ascii=False)


def error_of(error: ClientError) -> ProviderError:
    """Our word for SES's answer."""
    code = str(error.response.get("Error", {}).get("Code", ""))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    problem = f"SES answered {status} {code}: {error.response.get('Error', {}).get('Message', '')}"
    if code in THROTTLED or status == 429:
        return Throttled(problem)
    if status >= 500:
        return RetryLater(problem)
    if code in REFUSED:
        return Refused(problem)
    return Misconfigured(problem)
