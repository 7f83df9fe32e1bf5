"""Sending e-mail."""

from tests.review.policies.breaches.breach import ABSENT, ANYONE, Breach
from tests.review.policies.sound_resources import admit, document

EMAIL = [
    Breach(
        "email-tls-only",
        "aws:ses/configurationSet:ConfigurationSet",
        {"deliveryOptions.tlsPolicy": "Optional"},
        "deliveryOptions.tlsPolicy is Optional; expected Require",
    ),
    Breach(
        "email-reputation-watched",
        "aws:ses/configurationSet:ConfigurationSet",
        {"reputationMetricsEnabled": ABSENT},
        "reputationMetricsEnabled is missing; expected true",
    ),
    Breach(
        "email-bounces-heard",
        "aws:ses/eventDestination:EventDestination",
        {"matchingTypes": ["bounce", "delivery"]},
        "matchingTypes lacks complaint",
    ),
    Breach(
        "email-events-enabled",
        "aws:ses/eventDestination:EventDestination",
        {"enabled": False},
        "enabled is not true",
    ),
    Breach(
        "email-sender-not-public",
        "aws:ses/identityPolicy:IdentityPolicy",
        {"policy": document(admit("*"))},
        ANYONE,
    ),
]
