"""Adds reading, changing and deleting event destinations, which moto can only create."""

from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.ses.models import SESBackend
from moto.ses.responses import EmailResponse

from local.aws_server.deliveries import publish_as
from local.aws_server.postman import Refusal
from local.aws_server.replacement import add_method, replace_method
from local.aws_server.ses_events import SES, configuration_set_arn

VALIDATED = "Successfully validated SNS topic for Amazon SES event publishing."

create_destination = SESBackend.create_configuration_set_event_destination
delete_configuration_set = SESBackend.delete_configuration_set


def extend() -> None:
    # A destination can be deleted separately, as in SES.
    add_method(
        EmailResponse, "delete_configuration_set_event_destination", delete_event_destination
    )
    # SES publishes a confirmation to the topic of a new destination; moto does not.
    replace_method(
        SESBackend, "create_configuration_set_event_destination", create_and_validate_destination
    )
    # moto returns [None] for a configuration set without a destination.
    replace_method(EmailResponse, "describe_configuration_set", describe)
    # moto reserves the name of a destination even after its configuration set was deleted.
    replace_method(SESBackend, "delete_configuration_set", delete_with_destination)


def create_and_validate_destination(
    backend: SESBackend, configuration_set_name: str, event_destination: dict[str, Any]
) -> None:
    create_destination(backend, configuration_set_name, event_destination)
    topic = event_destination.get("SNSDestination", {}).get("TopicARN")
    source = configuration_set_arn(backend, configuration_set_name)
    if topic and publish_as(SES, source, topic, VALIDATED):
        forget_destination(backend, configuration_set_name)
        raise Refusal("InvalidSNSDestination", f"Could not publish to SNS topic: {topic}")


def delete_event_destination(response: EmailResponse) -> EmptyResult:
    name = response._get_param("ConfigurationSetName")
    response.backend.describe_configuration_set(name)
    destination = response.backend.config_set_event_destination.get(name, {})
    if destination.get("Name") != response._get_param("EventDestinationName"):
        raise Refusal("EventDestinationDoesNotExist", "No EventDestination found for the name.")
    forget_destination(response.backend, name)
    return EmptyResult()


def describe(response: EmailResponse) -> ActionResult:
    name = response._get_param("ConfigurationSetName")
    response.backend.describe_configuration_set(name)
    destination = response.backend.config_set_event_destination.get(name)
    asked = "eventDestinations" in response._get_param("ConfigurationSetAttributeNames", [])
    shown = [destination] if asked and destination else []
    return ActionResult({"ConfigurationSet": {"Name": name}, "EventDestinations": shown})


def delete_with_destination(backend: SESBackend, configuration_set_name: str) -> None:
    backend.describe_configuration_set(configuration_set_name)
    forget_destination(backend, configuration_set_name)
    delete_configuration_set(backend, configuration_set_name)


def forget_destination(backend: SESBackend, configuration_set: str) -> None:
    destination = backend.config_set_event_destination.pop(configuration_set, None)
    if destination:
        backend.event_destinations.pop(destination["Name"], None)
