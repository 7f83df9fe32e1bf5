"""Provisions the sender and template of e-mails, and the key of unsubscribe links."""

import pulumi_random as random
from herald_infra.email_sender import EmailSender, EmailSenderArgs
from herald_infra.email_template import EmailTemplate, EmailTemplateArgs
from herald_infra.restricted_pod import Environment
from herald_infra.topic import Topic

from stacks.config.stack import StackConfig
from stacks.platform.workloads import Cluster

# The service writes the texts. SES inserts them without escaping.
FRAME = EmailTemplateArgs(subject="{{subject}}", text="{{text}}", html="{{html}}")
UNSUBSCRIBE = "/unsubscribe"  # path of the page in notification-service
KEY_LENGTH = 43  # characters, of 256 bits


def email_sender(config: StackConfig, notices: Topic, alarms: Topic) -> EmailSender:
    return EmailSender(
        f"{config.prefix}reminders",
        EmailSenderArgs(
            address=config.email.sender,
            domain=config.email.domain,
            event_topic_arn=notices.arn,
            alarm_topic_arn=alarms.arn,
        ),
    )


def reminder_template(config: StackConfig) -> EmailTemplate:
    return EmailTemplate(f"{config.prefix}email", FRAME)


def unsubscription(cluster: Cluster) -> Environment:
    """Return the address of links and the keys that sign them; empty without an address.

    The previous key keeps the links of earlier e-mails valid.
    """
    email, gateway = cluster.config.email, cluster.config.gateway
    at_gateway = f"{gateway.url}{UNSUBSCRIBE}" if gateway else None
    address = email.unsubscribe_url or at_gateway
    if address is None:
        return Environment()
    keys = {"key": signing_key(cluster, email.unsubscribe_key_number)}
    if email.unsubscribe_key_number > 1:
        keys["previous"] = signing_key(cluster, email.unsubscribe_key_number - 1)
    secret = cluster.secret("unsubscribe", {name: key.result for name, key in keys.items()})
    variables = {"key": "UNSUBSCRIBE_KEY", "previous": "UNSUBSCRIBE_PREVIOUS_KEY"}
    return Environment(
        values={"UNSUBSCRIBE_URL": address},
        secrets={variables[name]: secret.key(name) for name in keys},
    )


def signing_key(cluster: Cluster, number: int) -> random.RandomPassword:
    name = cluster.full_name("unsubscribe" if number == 1 else f"unsubscribe-{number}")
    return random.RandomPassword(name, length=KEY_LENGTH, special=False)
