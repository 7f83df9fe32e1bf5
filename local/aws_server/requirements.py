"""Lists the permissions that a request needs.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference.html
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import parseaddr
from typing import Any

from moto.core.responses import BaseResponse
from moto.dynamodb.models import dynamodb_backends
from moto.iam.models import iam_backends
from moto.ses.models import SESBackend, ses_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from local.aws_server.ses_account import sends_to_anybody

SERVICES = {  # prefix of actions by moto's name, if they differ
    "service-quotas": "servicequotas",
    "sesv2": "ses",
}
BATCHES = {  # actions of batches need the permission of single ones
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "sns:PublishBatch": "sns:Publish",
}
KEY_ACTIONS = {  # actions that a caller needs on the customer key of a queue, topic or table
    "sqs:SendMessage": ("kms:GenerateDataKey", "kms:Decrypt"),
    "sqs:ReceiveMessage": ("kms:Decrypt",),
    "sns:Publish": ("kms:GenerateDataKey", "kms:Decrypt"),
    **{
        f"dynamodb:{action}": ("kms:Decrypt",)
        for action in ("GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "Scan")
    },
}
Parameters = Mapping[str, Any]


@dataclass(frozen=True)
class Requirement:
    action: str
    resource: str
    context: Mapping[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Place:
    partition: str
    region: str
    account: str

    def arn(self, service: str, resource: str) -> str:
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"


def requirements_of(response: BaseResponse) -> Iterator[Requirement]:
    """Yield the permissions for a request: actions on resources, then on their customer keys."""
    service = SERVICES.get(response.service_name or "", response.service_name or "")
    place = Place(response.partition, response.region, response.current_account)
    action = f"{service}:{response._get_action()}"
    action = BATCHES.get(action, action)
    if service == "ses":
        yield from emails(action, parameters_of(response), place)
        return
    yield from permissions_for(action, parameters_of(response), place)


def permissions_for(action: str, parameters: Parameters, place: Place) -> Iterator[Requirement]:
    find = RESOURCES.get(action.partition(":")[0])
    resource, key = find(parameters, place) if find else ("*", None)
    yield Requirement(action, resource)
    for key_action in KEY_ACTIONS.get(action, ()) if key else ():
        yield Requirement(key_action, key_arn(str(key), place))


def place_of(arn: str) -> Place:
    _, partition, _, region, account, _ = arn.split(":", 5)
    return Place(partition, region, account)


def parameters_of(response: BaseResponse) -> Parameters:
    if not response.automated_parameter_parsing:
        response.parse_parameters(response.normalized_request)
    parameters: Parameters = response.params
    return parameters


def key_arn(key: str, place: Place) -> str:
    return key if key.startswith("arn:") else place.arn("kms", f"key/{key}")


def queue(parameters: Parameters, place: Place) -> tuple[str, str | None]:
    name = parameters.get("QueueUrl", parameters.get("QueueName", "*")).rpartition("/")[2]
    found = sqs_backends[place.account][place.region].queues.get(name)
    return place.arn("sqs", name), getattr(found, "kms_master_key_id", None)


def topic(parameters: Parameters, place: Place) -> tuple[str, str | None]:
    arn = parameters.get("TopicArn") or parameters.get("TargetArn") or "*"
    found = sns_backends[place.account][place.region].topics.get(arn)
    return arn, getattr(found, "kms_master_key_id", None)


def table(parameters: Parameters, place: Place) -> tuple[str, str | None]:
    name = parameters.get("TableName", "*").rpartition("/")[2]
    found = dynamodb_backends[place.account][place.region].tables.get(name)
    encryption = getattr(found, "sse_specification", None) or {}
    index = f"/index/{parameters['IndexName']}" if "IndexName" in parameters else ""
    return place.arn("dynamodb", f"table/{name}{index}"), encryption.get("KMSMasterKeyId")


def role(parameters: Parameters, place: Place) -> tuple[str, str | None]:
    """Return the role that a request names, or is about; moto knows roles by their names."""
    known = iam_backends[place.account][place.partition].roles.values()
    name = parameters.get("RoleName", parameters.get("PolicySourceArn"))
    return next((each.arn for each in known if name in (each.name, each.arn)), "*"), None


RESOURCES: Mapping[str, Callable[[Parameters, Place], tuple[str, str | None]]] = {
    "sqs": queue,
    "sns": topic,
    "dynamodb": table,
    "iam": role,
}


def emails(action: str, parameters: Parameters, place: Place) -> Iterator[Requirement]:
    """Yield the permissions to send an e-mail from its identity by its set and template.

    In the sandbox, SES also requires them on the identities of the recipients. AWS documents no
    action for templates of version 2; the emulator requires both.
    """
    if action != "ses:SendEmail":
        yield Requirement(action, "*")
        return
    sender = parseaddr(parameters.get("FromEmailAddress") or parameters.get("Source") or "")[1]
    content = parameters.get("Content", {})
    template = content.get("Template", {})
    backend = ses_backends[place.account][place.region]
    to = () if sends_to_anybody(backend) else parameters.get("Destination", {}).get("ToAddresses")
    identities = [identity_of(parseaddr(each)[1], backend) for each in (sender, *(to or ()))]
    resources = [place.arn("ses", f"identity/{each}") for each in identities]
    if "ConfigurationSetName" in parameters:
        name = parameters["ConfigurationSetName"]
        resources.append(place.arn("ses", f"configuration-set/{name}"))
    if template:
        name = template.get("TemplateName") or template["TemplateArn"].rpartition("/")[2]
        resources.append(place.arn("ses", f"template/{name}"))
    context = {"ses:FromAddress": [sender]}
    actions = [action, *(["ses:SendTemplatedEmail"] if template else [])]
    if "Raw" in content:
        actions = ["ses:SendRawEmail"]
    for each in actions:
        for resource in resources:
            yield Requirement(each, resource, context)


def identity_of(address: str, backend: SESBackend) -> str:
    """Return the verified identity of an address: itself, or else its domain."""
    return address if address in backend.email_identities else address.rpartition("@")[2]
