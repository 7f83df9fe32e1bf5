"""Sends e-mails through SES, whose stored template contains the texts of this service."""

import json
from dataclasses import dataclass
from typing import Any
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
    RetryLater,
)
from notification_service.provider_answers import SES, error_class
from notification_service.texts import EmailText
from notification_service.unsubscription import one_click_headers

# botocore would repeat a request after a lost answer, and SES would send the e-mail twice.
ONE_ATTEMPT = Config(connect_timeout=5, read_timeout=20, retries={"total_max_attempts": 1})
OCCURRENCE_TAG = "occurrence"


def ses_client() -> Any:
    """Return a client; the environment sets region, credentials and endpoint."""
    return botocore.session.get_session().create_client("sesv2", config=ONE_ATTEMPT)


@dataclass(frozen=True, kw_only=True)
class Email:
    to: str
    text: EmailText
    occurrence_id: UUID
    unsubscribe_url: str | None = None  # without login, with one click

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers of this e-mail in addition to those of every e-mail."""
        # Mail programs group e-mails with equal ids.
        own = {"X-Entity-Ref-ID": str(self.occurrence_id)}
        return {**own, **one_click_headers(self.unsubscribe_url)}


class SesEmail:
    """Sends with one template, one sender and one configuration set."""

    def __init__(self, client: Any, *, sender: str, template: str, configuration_set: str) -> None:
        self._client = client
        self._sender = sender
        self._template = template
        self._configuration_set = configuration_set

    def send(self, email: Email) -> str:
        """Send an e-mail and return its id at SES."""
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
            problem = f"SES received the request but did not answer ({type(error).__name__})."
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
    """Return all variables of the stored template; SES escapes none of them."""
    values = {"subject": text.subject, "text": text.text, "html": text.html}
    return json.dumps(values, ensure_ascii=False)


def error_of(error: ClientError) -> ProviderError:
    """Return the error class for an answer of SES, by the table of documented answers."""
    answer = error.response.get("Error", {})
    code, text = str(answer.get("Code", "")), str(answer.get("Message", ""))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    return error_class(SES, status, code, text)(f"SES answered {status} {code}: {text}")
