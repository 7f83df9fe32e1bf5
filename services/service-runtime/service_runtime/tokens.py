"""Knows the caller by a bearer token (RFC 6750) that an OpenID Connect issuer signed."""

from collections.abc import Mapping, Sequence
from typing import Any

import jwt
from starlette.datastructures import Headers

from service_runtime.identity import Caller, Unauthenticated, email_address, is_user_id
from service_runtime.issuer_keys import ALGORITHMS, KeysUnavailable, key_fetcher
from service_runtime.problems import Problem
from service_runtime.signing_keys import RETRY, SigningKeys

LONGEST_TOKEN = 8 * 1024  # characters
LEEWAY = 30.0  # seconds by which clocks may differ
REQUIRED = ["iss", "aud", "exp", "iat", "sub"]
TYPES = ("jwt", "at+jwt", "application/jwt", "application/at+jwt")  # of tokens for an API


class InvalidToken(Exception):
    """Says why a token is not accepted, in words that may go into a header."""


class TokenIdentity:
    """Believes tokens that are meant for this API; the gateway's headers count for nothing."""

    name = "token"
    scheme: Mapping[str, Any] = {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "a token of the OpenID Connect issuer, for this API",
    }
    parameters: Sequence[Mapping[str, Any]] = ()

    def __init__(
        self, issuer: str, audience: str, keys: SigningKeys, email_claim: str = "email"
    ) -> None:
        self._issuer, self._audience, self._keys = issuer, audience, keys
        self._email_claim = email_claim

    def caller_of(self, headers: Headers) -> Caller:
        try:
            claims = self.claims(bearer_token(headers))
        except InvalidToken as reason:
            challenge = f'Bearer error="invalid_token", error_description="{reason}"'
            raise Unauthenticated(str(reason), challenge) from None
        except KeysUnavailable:
            raise keys_unavailable() from None
        return Caller(user_id=claims["sub"], email=self._email(claims))

    def claims(self, token: str) -> dict[str, Any]:
        """What the issuer says in a token, if it is the issuer's, for us, and in time."""
        if len(token) > LONGEST_TOKEN:
            raise InvalidToken(f"The token is longer than {LONGEST_TOKEN} characters.")
        key = self._key(token)
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[key.algorithm_name],
                issuer=self._issuer,
                audience=self._audience,
                leeway=LEEWAY,
                options={"require": REQUIRED, "enforce_minimum_key_length": True},
            )
        except jwt.PyJWTError as error:
            raise InvalidToken(_reason(error)) from None
        if not is_user_id(claims["sub"]):
            raise InvalidToken("The token's sub names no user.")
        return claims

    def _key(self, token: str) -> jwt.PyJWK:
        """The key that the token names; what else its header says has no weight."""
        try:
            header = jwt.get_unverified_header(token)
        except jwt.PyJWTError:
            raise InvalidToken("The token is malformed.") from None
        if header.get("alg") not in ALGORITHMS:
            raise InvalidToken(f"The token is not signed by one of {', '.join(ALGORITHMS)}.")
        if str(header.get("typ", TYPES[0])).lower() not in TYPES or "crit" in header:
            raise InvalidToken("The token is of another kind than is expected.")
        key = self._keys.find(header["kid"]) if "kid" in header else None
        if key is None:
            raise InvalidToken("The token is signed with no key of the issuer.")
        return key

    def _email(self, claims: Mapping[str, Any]) -> str | None:
        """No address that the issuer has not verified: its owner would get another's e-mail."""
        address = claims.get(self._email_claim)
        unverified = claims.get("email_verified", True) not in (True, "true")
        return email_address(address) if isinstance(address, str) and not unverified else None


def token_identity(
    issuer: str, audience: str, *, jwks_url: str | None = None, email_claim: str = "email"
) -> TokenIdentity:
    keys = SigningKeys(key_fetcher(issuer, jwks_url))
    return TokenIdentity(issuer, audience, keys, email_claim)


def bearer_token(headers: Headers) -> str:
    given = headers.getlist("authorization")
    if len(given) > 1:
        detail = "More than one Authorization header came."
        challenge = {"WWW-Authenticate": 'Bearer error="invalid_request"'}
        raise Problem(400, "INVALID_REQUEST", detail, headers=challenge)
    scheme, _, token = given[0].partition(" ") if given else ("", "", "")
    if scheme.lower() != "bearer":
        raise Unauthenticated("Expected the header Authorization with a Bearer token.", "Bearer")
    return token.strip(" ")


def keys_unavailable() -> Problem:
    detail = "The issuer of tokens does not answer; try again."
    return Problem(503, "UNAVAILABLE", detail, headers={"Retry-After": f"{RETRY:.0f}"})


def _reason(error: jwt.PyJWTError) -> str:
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
    jwt.MissingRequiredClaimError: f"The token lacks one of {', '.join(REQUIRED)}.",
}
