"""How the services know who calls: by the gateway's headers, or by an issuer's tokens."""

from typing import Annotated

from pydantic import AfterValidator, Field

from stacks.issuer_address import checked_address
from stacks.section import Section

Address = Annotated[str, AfterValidator(checked_address)]


class IdentityConfig(Section):
    """An OpenID Connect issuer; `network.destinations` must reach it."""

    issuer: Address  # exactly as in its tokens
    audience: str = Field(min_length=1)  # that its tokens name for this platform
    jwks_url: Address | None = None  # the issuer's discovery document tells when none
    email_claim: str = Field(default="email", min_length=1)


def identity_settings(identity: IdentityConfig | None) -> dict[str, str]:
    """What a service with an API is told; nothing means the gateway's headers."""
    if identity is None:
        return {}
    keys = {} if identity.jwks_url is None else {"IDENTITY_JWKS_URL": identity.jwks_url}
    return {
        "IDENTITY_ISSUER": identity.issuer,
        "IDENTITY_AUDIENCE": identity.audience,
        "IDENTITY_EMAIL_CLAIM": identity.email_claim,
        **keys,
    }
