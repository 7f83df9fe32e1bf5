"""Replaces the sending operations of moto in both versions of the SES API."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.ses.models import SESBackend
from moto.ses.responses import EmailResponse
from moto.sesv2.responses import SESV2Response

from local.aws_server.emails import Email, from_mime
from local.aws_server.postman import Postman, Refusal
from local.aws_server.replacement import replace_method

# Maps errors of version 1 to their names in version 2.
VERSION_2_CODES = {
    "ConfigurationSetDoesNotExist": "NotFoundException",
    "TemplateDoesNotExist": "NotFoundException",
    "InvalidParameterValue": "BadRequestException",
    "InvalidRenderingParameterException": "BadRequestException",
    "Throttling": "TooManyRequestsException",
}


def extend(postman: Postman) -> None:
    """Replace the operations of moto, which deliver nothing and lack templates in version 2."""
    first, second = Version1(postman), Version2(postman)
    replace_method(EmailResponse, "send_email", lambda response: first.send(response))
    replace_method(
        EmailResponse, "send_templated_email", lambda response: first.send_template(response)
    )
    replace_method(EmailResponse, "send_raw_email", lambda response: first.send_raw(response))
    replace_method(SESV2Response, "send_email", lambda response: second.send(response))


class Version1:
    def __init__(self, postman: Postman) -> None:
        self._postman = postman

    def send(self, response: EmailResponse) -> ActionResult:
        message, destination = response._get_param("Message"), response._get_param("Destination")
        email = replace(self._email(response), **parts_of(message))
        backend = response.backend

        def record() -> Any:
            return backend.send_email(
                email.sender, email.subject, email.html or email.text, destination
            )

        return answer(self._postman.send(backend, email, record))

    def send_template(self, response: EmailResponse) -> ActionResult:
        name, data = response._get_param("Template"), response._get_param("TemplateData")
        email, destination = self._email(response), response._get_param("Destination")
        backend = response.backend

        def record() -> Any:
            return backend.send_templated_email(email.sender, name, data, destination)

        return answer(self._postman.send_template(backend, email, name, data, record))

    def send_raw(self, response: EmailResponse) -> ActionResult:
        raw = response._get_param("RawMessage.Data").decode()
        envelope = replace(self._email(response), to=response._get_param("Destinations", []))
        record = raw_record(response.backend, envelope, raw)
        return answer(self._postman.send(response.backend, from_mime(raw, envelope), record))

    def _email(self, response: EmailResponse) -> Email:
        return Email(
            sender=response._get_param("Source", ""),
            to=recipients(response._get_param("Destination", {})),
            tags=tags_of(response._get_param("Tags")),
            configuration_set=response._get_param("ConfigurationSetName"),
        )


class Version2:
    def __init__(self, postman: Postman) -> None:
        self._postman = postman

    def send(self, response: SESV2Response) -> str:
        backend = response.sesv2_backend.core_backend
        try:
            sent = self._send(backend, json.loads(response.body))
        except ServiceException as error:
            code = VERSION_2_CODES.get(error.code, error.code)
            raise Refusal(code, error.message) from error
        return json.dumps({"MessageId": sent})

    def _send(self, backend: SESBackend, request: dict[str, Any]) -> str:
        content = request["Content"]
        email = Email(
            sender=request.get("FromEmailAddress", ""),
            to=recipients(request.get("Destination", {})),
            tags=tags_of(request.get("EmailTags")),
            configuration_set=request.get("ConfigurationSetName"),
        )
        if "Raw" in content:
            raw = base64.b64decode(content["Raw"]["Data"]).decode()
            record = raw_record(backend, email, raw)
            return self._postman.send(backend, from_mime(raw, email), record)
        if "Template" in content:
            return self._send_template(backend, email, content["Template"], request["Destination"])
        return self._send_simple(backend, email, content["Simple"], request["Destination"])

    def _send_template(
        self, backend: SESBackend, email: Email, content: dict[str, Any], destination: Any
    ) -> str:
        name, data = template_name(content), content.get("TemplateData", "{}")
        email = replace(email, headers=headers_of(content))

        def record() -> Any:
            return backend.send_templated_email(email.sender, name, data, destination)

        return self._postman.send_template(backend, email, name, data, record)

    def _send_simple(
        self, backend: SESBackend, email: Email, content: dict[str, Any], destination: Any
    ) -> str:
        email = replace(email, headers=headers_of(content), **parts_of(content))

        def record() -> Any:
            return backend.send_email(
                email.sender, email.subject, email.html or email.text, destination
            )

        return self._postman.send(backend, email, record)


def raw_record(backend: SESBackend, envelope: Email, raw: str) -> Callable[[], Any]:
    source: Any = envelope.sender or None  # moto then uses the From header
    return lambda: backend.send_raw_email(source, list(envelope.to), raw)


def template_name(content: dict[str, Any]) -> str:
    if name := content.get("TemplateName") or content.get("TemplateArn", "").rpartition("/")[2]:
        return str(name)
    raise Refusal("BadRequestException", "Template name or ARN must be specified.")


def parts_of(message: dict[str, Any]) -> dict[str, Any]:
    body = message.get("Body", {})
    return {
        "subject": message.get("Subject", {}).get("Data", ""),
        "text": body.get("Text", {}).get("Data", ""),
        "html": body.get("Html", {}).get("Data"),
    }


def recipients(destination: dict[str, list[str]]) -> list[str]:
    kinds = ("ToAddresses", "CcAddresses", "BccAddresses")
    return [address for kind in kinds for address in destination.get(kind) or []]


def tags_of(tags: list[dict[str, str]] | None) -> dict[str, str]:
    return {tag["Name"]: tag["Value"] for tag in tags or []}


def headers_of(content: dict[str, Any]) -> dict[str, str]:
    return {header["Name"]: header["Value"] for header in content.get("Headers", [])}


def answer(message_id: str) -> ActionResult:
    return ActionResult({"MessageId": message_id})
