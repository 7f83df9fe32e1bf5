"""Defines rules for e-mail."""

from collections.abc import Iterator

from platform_policies.documents import admits_no_stranger
from platform_policies.resource import Resource
from platform_policies.rule import Rule, contains, is_one_of

CONFIGURATION_SET = ("aws:ses/configurationSet:ConfigurationSet",)
EVENT_DESTINATION = ("aws:ses/eventDestination:EventDestination",)
IDENTITY_POLICY = ("aws:ses/identityPolicy:IdentityPolicy",)


def is_enabled(destination: Resource) -> Iterator[str]:
    if destination.at("enabled") is not True:
        yield "enabled is not true"


RULES = [
    Rule(
        name="email-tls-only",
        reason="SES uses plain SMTP unless TLS is required.",
        types=CONFIGURATION_SET,
        check=is_one_of("deliveryOptions.tlsPolicy", "Require"),
    ),
    Rule(
        name="email-reputation-watched",
        reason="AWS suspends accounts with many bounces; an alarm must fire before.",
        types=CONFIGURATION_SET,
        check=is_one_of("reputationMetricsEnabled", True),
    ),
    Rule(
        name="email-bounces-heard",
        reason="Addresses with bounces or complaints must not get further e-mails.",
        types=EVENT_DESTINATION,
        check=contains("matchingTypes", "bounce", "complaint"),
    ),
    Rule(
        name="email-events-enabled",
        reason="A disabled destination receives no bounces.",
        types=EVENT_DESTINATION,
        check=is_enabled,
    ),
    Rule(
        name="email-sender-not-public",
        reason="Everyone who may send as our domain can write to users in our name.",
        types=IDENTITY_POLICY,
        check=admits_no_stranger("policy"),
    ),
]
