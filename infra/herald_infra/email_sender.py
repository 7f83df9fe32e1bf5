"""Creates the sender of e-mails, and the source of their delivery events."""

from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi import Input, Output, ResourceOptions
from pulumi_aws import ses, sesv2

from herald_infra.metric_alarm import MetricAlarmArgs, metric_alarm
from herald_infra.restricted_pod import Environment
from herald_infra.service_secret import SecretKey
from herald_infra.use import Use

# SES reviews an account at these rates, and may pause it at 0.10 and 0.005.
REVIEWED = {"bounces": ("BounceRate", 0.05), "complaints": ("ComplaintRate", 0.001)}
TOLD = ["send", "bounce", "complaint", "delivery", "reject", "renderingFailure"]


@dataclass(frozen=True, kw_only=True)
class EmailSenderArgs:
    address: str
    domain: str | None = None  # with DKIM and a MAIL FROM domain; None: verify only the address
    event_topic_arn: Input[str]  # must permit ses.amazonaws.com to publish
    alarm_topic_arn: Input[str] | None = None

    def __post_init__(self) -> None:
        if self.domain is not None and not self.address.endswith(f"@{self.domain}"):
            raise ValueError(
                f"The sender's address must end in @{self.domain}, its verified domain, "
                f"but is {self.address!r}; change the address or the domain."
            )


class EmailSender(pulumi.ComponentResource):
    """Creates an SES identity and a configuration set that requires TLS.

    A domain also gets the MAIL FROM domain `bounces.DOMAIN`, so that e-mails pass SPF.

    SES publishes the events of its messages to the event topic: send, delivery, bounce, complaint
    and reject. It does not e-mail bounces and complaints to the sender. The owner of the domain
    must add the `dns_records`. The owner of a single address gets an e-mail instead. If
    `alarm_topic_arn` is set, alarms fire before SES reviews the account for bounces or complaints.
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
            address = ses.EmailIdentity(name, email=args.address, opts=child)
            self.identity_arn, verified = address.arn, address.email
            self.dns_records = Output.from_input([])
        else:
            identity = ses.DomainIdentity(name, domain=args.domain, opts=child)
            dkim = ses.DomainDkim(name, domain=identity.domain, opts=child)
            self.identity_arn, verified = identity.arn, identity.domain
            # Until its DNS records exist, SES sends from a domain of its own.
            mail_from = ses.MailFrom(
                name,
                domain=identity.domain,
                mail_from_domain=f"bounces.{args.domain}",
                opts=child,
            )
            self.dns_records = Output.all(
                args.domain, dkim.dkim_tokens, mail_from.mail_from_domain, identity.arn
            ).apply(dns_records)
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
        # The events contain bounces and complaints. SES would also e-mail them to the sender.
        sesv2.EmailIdentityFeedbackAttributes(
            name,
            email_identity=verified,
            email_forwarding_enabled=False,
            opts=ResourceOptions.merge(child, ResourceOptions(depends_on=[self.events])),
        )

        if args.alarm_topic_arn is not None:
            for subject, alarm in reputation(self.set.name, args.alarm_topic_arn).items():
                metric_alarm(f"{name}-{subject}", alarm, child)

        self.set_arn, self.configuration_set = self.set.arn, self.set.name
        self.register_outputs(
            {
                "address": self.address,
                "identity_arn": self.identity_arn,
                "configuration_set": self.configuration_set,
                "dns_records": self.dns_records,
            }
        )

    def mailer(self, template_arn: Input[str], template: SecretKey) -> Use:
        """Return the settings of a service that sends with the template, and its permissions."""
        return Use(
            environment=Environment(
                values={
                    "EMAIL_SENDER": self.address,
                    "SES_CONFIGURATION_SET": self.configuration_set,
                },
                secrets={"SES_TEMPLATE": template},
            ),
            statements=[self.send_statement(template_arn), self.account_statement()],
        )

    def send_statement(self, template_arn: Input[str]) -> dict[str, Any]:
        """Return the permission to send this template from this address.

        In the sandbox, SES also checks the permission on the recipient's identity.
        """
        recipients = self.identity_arn.apply(lambda arn: f"{arn.partition('/')[0]}/*")
        return {
            "Effect": "Allow",
            "Action": ["ses:SendEmail", "ses:SendTemplatedEmail"],
            "Resource": [recipients, self.set_arn, template_arn],
            "Condition": {"StringEquals": {"ses:FromAddress": self.address}},
        }

    def account_statement(self) -> dict[str, Any]:
        """Return the permission to read the sending rate; IAM has no narrower resource for it."""
        return {"Effect": "Allow", "Action": ["ses:GetAccount"], "Resource": ["*"]}


def reputation(
    configuration_set: Input[str], alarm_topic_arn: Input[str]
) -> dict[str, MetricAlarmArgs]:
    """Return the alarm for a rate; SES reports it only on changes, so missing data are ignored."""
    return {
        subject: MetricAlarmArgs(
            description=f"The rate of {subject} is over {limit:.1%}; SES reviews such accounts",
            namespace="AWS/SES",
            metric=f"Reputation.{rate}",
            dimensions={"ses:configuration-set": configuration_set},
            statistic="Average",
            threshold=limit,
            period=3600,
            missing_data="ignore",
            topic_arn=alarm_topic_arn,
        )
        for subject, (rate, limit) in REVIEWED.items()
    }


def dns_records(known: list[Any]) -> list[dict[str, str]]:
    """Return the records for a domain, DKIM tokens, a MAIL FROM domain and the identity's ARN.

    Source: Amazon SES Developer Guide, "Using a custom MAIL FROM domain".
    """
    domain, tokens, mail_from, arn = known
    region = arn.split(":")[3]
    return [
        *(
            {
                "name": f"{token}._domainkey.{domain}",
                "type": "CNAME",
                "value": f"{token}.dkim.amazonses.com",
            }
            for token in tokens
        ),
        {"name": mail_from, "type": "MX", "value": f"10 feedback-smtp.{region}.amazonses.com"},
        {"name": mail_from, "type": "TXT", "value": '"v=spf1 include:amazonses.com ~all"'},
    ]
