"""The address that e-mail comes from, and what is told about its fate."""

from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi import Input, Output, ResourceOptions
from pulumi_aws import ses

TOLD = ["send", "bounce", "complaint", "delivery", "reject", "renderingFailure"]


@dataclass(frozen=True, kw_only=True)
class EmailSenderArgs:
    address: str
    domain: str | None = None  # verified with DKIM; only the address is verified when none
    event_topic_arn: Input[str]  # must admit ses.amazonaws.com

    def __post_init__(self) -> None:
        if self.domain is not None and not self.address.endswith(f"@{self.domain}"):
            raise ValueError(
                f"The sender's address must end in @{self.domain}, its verified domain, "
                f"but is {self.address!r}; change the address or the domain."
            )


class EmailSender(pulumi.ComponentResource):
    """An SES identity and a configuration set that sends over TLS only.

    What happens to a message (taken, delivered, bounced, complained about, rejected) is told
    to the event topic when it is sent with the configuration set. `dns_records` are those that the
    owner of the domain must add; none for an address, whose owner gets an e-mail.
    """

    address: str
    identity_arn: Output[str]
    configuration_set: Output[str]
    dns_records: Output[list[dict[str, str]]]

    def __init__(
        self, name: str, args: EmailSenderArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("herald:infra:EmailSender", name, {}, opts)
        child = ResourceOptions(parent=self)

        self.address = args.address
        if args.domain is None:
            self.identity_arn = ses.EmailIdentity(name, email=args.address, opts=child).arn
            self.dns_records = Output.from_input([])
        else:
            identity = ses.DomainIdentity(name, domain=args.domain, opts=child)
            dkim = ses.DomainDkim(name, domain=identity.domain, opts=child)
            self.identity_arn = identity.arn
            self.dns_records = Output.all(args.domain, dkim.dkim_tokens).apply(dkim_records)
        self.set = ses.ConfigurationSet(
            name,
            delivery_options={"tls_policy": "Require"},
            reputation_metrics_enabled=True,
            opts=child,
        )
        self.events = ses.EventDestination(
            name,
            configuration_set_name=self.set.name,
            enabled=True,
            matching_types=TOLD,
            sns_destination={"topic_arn": args.event_topic_arn},
            opts=child,
        )

        self.set_arn, self.configuration_set = self.set.arn, self.set.name
        self.register_outputs(
            {
                "address": self.address,
                "identity_arn": self.identity_arn,
                "configuration_set": self.configuration_set,
                "dns_records": self.dns_records,
            }
        )

    def send_statement(self, template_arn: Input[str]) -> dict[str, Any]:
        """What a role needs to send this template from this address, and no more."""
        return {
            "Effect": "Allow",
            "Action": ["ses:SendEmail", "ses:SendTemplatedEmail"],
            "Resource": [self.identity_arn, self.set_arn, template_arn],
            "Condition": {"StringEquals": {"ses:FromAddress": self.address}},
        }


def dkim_records(domain_and_tokens: list[Any]) -> list[dict[str, str]]:
    domain, tokens = domain_and_tokens
    return [
        {
            "name": f"{token}._domainkey.{domain}",
            "type": "CNAME",
            "value": f"{token}.dkim.amazonses.com",
        }
        for token in tokens
    ]
