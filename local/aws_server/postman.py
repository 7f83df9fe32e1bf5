"""Delivers e-mails from SES to the inbox."""

import logging
from collections.abc import Callable
from dataclasses import replace
from email.utils import parseaddr
from typing import Any

from moto.core.exceptions import ServiceException
from moto.ses.exceptions import ConfigurationSetDoesNotExist
from moto.ses.models import SESBackend

from local.aws_server import ses_events, ses_feedback
from local.aws_server.emails import SIMULATOR, Email, Inbox, InboxUnreachable
from local.aws_server.ses_account import sends_to_anybody
from local.aws_server.templates import NotRendered, render, stored_template, template_data

log = logging.getLogger(__name__)


class Refusal(ServiceException):
    """Rejects a request to SES; the base class of moto cannot be raised."""


Record = Callable[[], Any]  # moto's own operation, which checks and remembers the request


class Postman:
    """Delivers an e-mail to the inbox, and publishes its events to the configuration set."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    def send(self, backend: SESBackend, email: Email, record: Record) -> str:
        require_configuration_set(backend, email.configuration_set)
        require_verified(backend, email)
        email = email.with_id(record().id)
        self._deliver(email)
        ses_events.publish(backend, "send", email, {})
        if bounced := email.bounced():
            ses_events.publish(backend, "bounce", email, ses_events.bounce(bounced))
            ses_feedback.forward(backend, self._inbox, "bounce", email)
        if delivered := email.delivered():
            ses_events.publish(backend, "delivery", email, ses_events.delivery(delivered))
        if complained := email.complained():
            ses_events.publish(backend, "complaint", email, ses_events.complaint(complained))
            ses_feedback.forward(backend, self._inbox, "complaint", email)
        return email.message_id

    def send_template(
        self, backend: SESBackend, email: Email, name: str, data: str, record: Record
    ) -> str:
        """Send a template; like SES, accept incomplete data and report the failure later."""
        template, values = stored_template(backend, name), template_data(data)
        try:
            parts = render(template, values)
        except NotRendered as problem:
            require_configuration_set(backend, email.configuration_set)
            require_verified(backend, email)
            email = email.with_id(record().id)
            log.warning("E-mail %s was not rendered: %s", email.message_id, problem)
            failure = ses_events.rendering_failure(name, str(problem))
            ses_events.publish(backend, "renderingFailure", email, failure)
            return email.message_id
        return self.send(backend, replace(email, **parts), record)

    def _deliver(self, email: Email) -> None:
        try:
            if delivered := email.delivered():
                self._inbox.deliver(email, delivered)
        except InboxUnreachable as error:
            log.warning("E-mail %s is throttled: %s", email.message_id, error)
            raise Refusal("Throttling", f"Sending is throttled: {error}") from error


def require_configuration_set(backend: SESBackend, name: str | None) -> None:
    if name and name not in backend.config_sets:
        raise ConfigurationSetDoesNotExist(f"Configuration set <{name}> does not exist.")


def require_verified(backend: SESBackend, email: Email) -> None:
    """Reject unverified senders and, in the sandbox, unverified recipients.

    https://docs.aws.amazon.com/ses/latest/dg/troubleshoot-error-messages.html
    """
    recipients = [] if sends_to_anybody(backend) else email.to
    addresses = [parseaddr(each)[1] for each in (email.sender, *recipients)]
    failed = [each for each in addresses if not is_verified(backend, each)]
    if failed:
        raise Refusal(
            "MessageRejected",
            "Email address is not verified. The following identities failed the check in region "
            f"{backend.region_name.upper()}: {', '.join(failed)}",
        )


def is_verified(backend: SESBackend, address: str) -> bool:
    """Return True if the address or its domain is verified; those of SES's simulator are."""
    domain = address.partition("@")[2]
    return domain == SIMULATOR or not backend.email_identities.keys().isdisjoint({address, domain})
