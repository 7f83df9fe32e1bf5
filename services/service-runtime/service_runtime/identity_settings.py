"""Defines the settings for the identification of callers."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, model_validator

from service_runtime.identity import GatewayIdentity, Identity
from service_runtime.issuer_address import check_address, check_issuer
from service_runtime.settings import ServiceSettings

Address = Annotated[str, AfterValidator(check_address)]
Issuer = Annotated[str, AfterValidator(check_issuer)]


class IdentitySettings(ServiceSettings):
    """Names the issuer whose tokens are accepted; without one, the gateway sets headers."""

    identity_issuer: Issuer | None = None
    identity_audience: str | None = None
    identity_jwks_url: Address | None = None  # None: from the discovery document
    identity_email_claim: str = "email"
    identity_audience_claim: Literal["aud", "client_id"] = "aud"  # client_id for Cognito

    @model_validator(mode="after")
    def _issuer_and_audience(self) -> Self:
        if (self.identity_issuer is None) != (self.identity_audience is None):
            raise ValueError("set both IDENTITY_ISSUER and IDENTITY_AUDIENCE, or neither")
        if self.identity_jwks_url is not None and self.identity_issuer is None:
            raise ValueError("IDENTITY_JWKS_URL requires IDENTITY_ISSUER")
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
            audience_claim=self.identity_audience_claim,
        )
