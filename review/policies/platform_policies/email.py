"""Sending e-mail."""

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
        reason="SES falls back to plain SMTP unless TLS is required.",
        types=CONFIGURATION_SET,
        check=is_one_of("deliveryOptions.tlsPolicy", "Require"),
    ),
    Rule(
        name="email-reputation-watched",
        reason="AWS stops an account that bounces too much; the rate must be seen before.",
        types=CONFIGURATION_SET,
        check=is_one_of("reputationMetricsEnabled", True),
    ),
    Rule(
        name="email-bounces-heard",
        reason="Addresses that bounce or complain must not be written to again.",
        types=EVENT_DESTINATION,
        check=contains("matchingTypes", "bounce", "complaint"),
    ),
    Rule(
        name="email-events-enabled",
        reason="A destination that is switched off hears no bounce.",
        types=EVENT_DESTINATION,
        check=is_enabled,
    ),
    Rule(
        name="email-sender-not-public",
        reason="Whoever may send as our domain can write to our users in our name.",
        types=IDENTITY_POLICY,
        check=admits_no_stranger("policy"),
    ),
]
