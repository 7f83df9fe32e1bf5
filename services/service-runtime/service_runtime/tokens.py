"""Identifies callers by bearer tokens (RFC 6750) of an OpenID Connect issuer."""

import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import jwt
from event_messages.failures import redact
from starlette.datastructures import Headers

from service_runtime.bodies import time_zone_names
from service_runtime.identity import Caller, Unauthenticated, is_user_id, read_address
from service_runtime.issuer_keys import ALGORITHMS, KeysUnavailable, key_fetcher
from service_runtime.problems import Problem
from service_runtime.signing_keys import RETRY, SigningKeys

LONGEST_TOKEN = 8 * 1024  # characters
LEEWAY = 30.0  # seconds by which clocks may differ
REQUIRED = ["iss", "exp", "iat", "sub"]  # claims, in addition to that of the audience
QUIET = 60.0  # seconds between two log lines about rejected tokens of the issuer
AudienceClaim = Literal["aud", "client_id"]
TYPES = ("jwt", "at+jwt", "application/jwt", "application/at+jwt")  # of tokens for an API

logger = logging.getLogger(__name__)


class InvalidToken(Exception):
    """Gives the reason why a token is rejected, in words that a header may contain."""


class TokenIdentity:
    """Trusts tokens for this API, and ignores the headers of the gateway.

    `audience_claim` is `client_id` for access tokens of Cognito, which have no `aud`.
    """

    name = "token"
    scheme: Mapping[str, Any] = {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "a token of the OpenID Connect issuer, for this API",
    }
    parameters: Sequence[Mapping[str, Any]] = ()

    def __init__(
        self,
        issuer: str,
        audience: str,
        keys: SigningKeys,
        email_claim: str = "email",
        audience_claim: AudienceClaim = "aud",
    ) -> None:
        self._issuer, self._audience, self._keys = issuer, audience, keys
        self._email_claim, self._audience_claim = email_claim, audience_claim
        self._quiet_until = 0.0

    def caller_of(self, headers: Headers) -> Caller:
        try:
            claims = self.claims(bearer_token(headers))
        except InvalidToken as reason:
            challenge = f'Bearer error="invalid_token", error_description="{reason}"'
            raise Unauthenticated(str(reason), challenge) from None
        except KeysUnavailable:
            detail = "The keys of the token issuer are not available; try again."
            retry = {"Retry-After": f"{RETRY:.0f}"}
            raise Problem(503, "UNAVAILABLE", detail, headers=retry) from None
        email, problem = self._email(claims)
        zone = claims.get("zoneinfo")
        return Caller(
            user_id=claims["sub"],
            email=email,
            email_problem=problem,
            time_zone=zone if isinstance(zone, str) and zone in time_zone_names() else None,
        )

    def claims(self, token: str) -> dict[str, Any]:
        """Return the claims of a valid token; raise InvalidToken for any other."""
        if len(token) > LONGEST_TOKEN:
            raise InvalidToken(f"The token is longer than {LONGEST_TOKEN} characters.")
        key = self._key(token)
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[key.algorithm_name],
                issuer=self._issuer,
                audience=self._audience if self._audience_claim == "aud" else None,
                leeway=LEEWAY,
                options={
                    "require": [*REQUIRED, self._audience_claim],
                    "verify_aud": self._audience_claim == "aud",
                    "enforce_minimum_key_length": True,
                },
            )
            self._check_client(claims)
        except jwt.PyJWTError as error:
            self._advise(token, error)
            raise InvalidToken(_reason(error)) from None
        if not is_user_id(claims["sub"]):
            raise InvalidToken("The claim sub of the token is not a valid user id.")
        return claims

    def _check_client(self, claims: Mapping[str, Any]) -> None:
        """Check `client_id` instead of the audience, and accept only access tokens."""
        if self._audience_claim == "aud":
            return
        is_access = claims.get("token_use", "access") == "access" and claims.get("aud") is None
        if claims["client_id"] != self._audience or not is_access:
            raise jwt.InvalidAudienceError

    def _advise(self, token: str, error: jwt.PyJWTError) -> None:
        """Log which settings reject a token that the issuer signed."""
        if not isinstance(error, _OF_SETTINGS) or time.monotonic() < self._quiet_until:
            return
        self._quiet_until = time.monotonic() + QUIET
        claims = jwt.decode(token, options={"verify_signature": False})
        names = ("iss", "aud", "azp", "client_id", "token_use")
        extra = {name: redact(str(claims[name])) for name in names if name in claims}
        logger.warning(
            "rejected a token of the issuer; compare IDENTITY_ISSUER, IDENTITY_AUDIENCE and "
            "IDENTITY_AUDIENCE_CLAIM with its claims (docs/concepts/identity.md)",
            extra={"reason": _reason(error), **extra},
        )

    def _key(self, token: str) -> jwt.PyJWK:
        """Return the key that the header of the token names."""
        try:
            header = jwt.get_unverified_header(token)
        except jwt.PyJWTError:
            raise InvalidToken("The token is malformed.") from None
        if header.get("alg") not in ALGORITHMS:
            raise InvalidToken(f"The token is not signed by one of {', '.join(ALGORITHMS)}.")
        type = TYPES[0] if header.get("typ") is None else str(header["typ"]).lower()
        if type not in TYPES or "crit" in header:
            raise InvalidToken("The token is not an access token or ID token.")
        key = self._keys.find(header["kid"]) if "kid" in header else None
        if key is None:
            raise InvalidToken("The token is not signed with a key of the issuer.")
        return key

    def _email(self, claims: Mapping[str, Any]) -> tuple[str | None, str | None]:
        """Return the verified address, or the reason why there is none."""
        address = claims.get(self._email_claim)
        if not isinstance(address, str):
            return None, None
        if claims.get("email_verified") not in (None, True, "true"):
            return None, "The issuer of the token has not verified the e-mail address."
        return read_address(address)


def token_identity(
    issuer: str,
    audience: str,
    *,
    jwks_url: str | None = None,
    email_claim: str = "email",
    audience_claim: AudienceClaim = "aud",
) -> TokenIdentity:
    keys = SigningKeys(key_fetcher(issuer, jwks_url))
    return TokenIdentity(issuer, audience, keys, email_claim, audience_claim)


def bearer_token(headers: Headers) -> str:
    values = headers.getlist("authorization")
    if len(values) > 1:
        detail = f"Expected one Authorization header; got {len(values)}."
        challenge = {"WWW-Authenticate": 'Bearer error="invalid_request"'}
        raise Problem(400, "INVALID_REQUEST", detail, headers=challenge)
    scheme, _, token = values[0].partition(" ") if values else ("", "", "")
    if scheme.lower() != "bearer":
        raise Unauthenticated("Expected the header Authorization with a Bearer token.", "Bearer")
    return token.strip(" ")


def _reason(error: jwt.PyJWTError) -> str:
    if isinstance(error, jwt.MissingRequiredClaimError):
        return f"The token has no {error.claim}."
    for kind, reason in _REASONS.items():
        if isinstance(error, kind):
            return reason
    return "The token is not valid."


_REASONS: Mapping[type[jwt.PyJWTError], str] = {
    jwt.ExpiredSignatureError: "The token has expired.",
    jwt.ImmatureSignatureError: "The token is not valid yet.",
    jwt.InvalidIssuerError: "The token is of another issuer.",
    jwt.InvalidAudienceError: "The token is for another audience.",
    jwt.InvalidSignatureError: "The token's signature is wrong.",
}
_OF_SETTINGS = (jwt.InvalidIssuerError, jwt.InvalidAudienceError, jwt.MissingRequiredClaimError)
