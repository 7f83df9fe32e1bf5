"""The settings that say how callers are known."""

from typing import Annotated, Self

from pydantic import AfterValidator, model_validator

from service_runtime.identity import GatewayIdentity, Identity
from service_runtime.issuer_address import checked_address
from service_runtime.settings import ServiceSettings

Address = Annotated[str, AfterValidator(checked_address)]


class IdentitySettings(ServiceSettings):
    """Whose tokens say who calls; without an issuer, the headers of the gateway do."""

    identity_issuer: Address | None = None
    identity_audience: str | None = None
    identity_jwks_url: Address | None = None  # the issuer's discovery document tells when none
    identity_email_claim: str = "email"

    @model_validator(mode="after")
    def _issuer_and_audience(self) -> Self:
        if (self.identity_issuer is None) != (self.identity_audience is None):
            raise ValueError("IDENTITY_ISSUER and IDENTITY_AUDIENCE go together")
        if self.identity_jwks_url is not None and self.identity_issuer is None:
            raise ValueError("IDENTITY_JWKS_URL needs IDENTITY_ISSUER")
        return self

    def identity(self) -> Identity:
        if self.identity_issuer is None or self.identity_audience is None:
            return GatewayIdentity()
        from service_runtime.tokens import token_identity  # the gateway needs no cryptography

        return token_identity(
            self.identity_issuer,
            self.identity_audience,
            jwks_url=self.identity_jwks_url,
            email_claim=self.identity_email_claim,
        )
