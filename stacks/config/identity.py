"""Configures the identity of callers: headers of a gateway, or tokens of an issuer."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from stacks.config.issuer_address import check_address, check_issuer
from stacks.config.section import Section

Address = Annotated[str, AfterValidator(check_address)]
Issuer = Annotated[str, AfterValidator(check_issuer)]


class IdentityConfig(Section):
    """Names an OpenID Connect issuer; `network.destinations` must include it."""

    issuer: Issuer  # exactly as in its tokens
    audience: str = Field(min_length=1)  # of this platform in its tokens
    jwks_url: Address | None = None  # None: from the discovery document
    email_claim: str = Field(default="email", min_length=1)  # claim with the user's e-mail address
    audience_claim: Literal["aud", "client_id"] = "aud"  # client_id for access tokens of Cognito


def identity_settings(identity: IdentityConfig | None) -> dict[str, str]:
    """Return the settings of a service with an API; empty for headers of a gateway."""
    if identity is None:
        return {}
    keys = {} if identity.jwks_url is None else {"IDENTITY_JWKS_URL": identity.jwks_url}
    return {
        "IDENTITY_ISSUER": identity.issuer,
        "IDENTITY_AUDIENCE": identity.audience,
        "IDENTITY_EMAIL_CLAIM": identity.email_claim,
        "IDENTITY_AUDIENCE_CLAIM": identity.audience_claim,
        **keys,
    }
