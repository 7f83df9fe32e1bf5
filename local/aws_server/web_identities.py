"""Lets workloads of a cluster assume roles by the tokens of their service accounts.

https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
"""

import json
from pathlib import Path
from typing import Any

import jwt
from moto.core.responses import ActionResult
from moto.iam.exceptions import NotFoundException
from moto.iam.models import iam_backends
from moto.sts.responses import TokenResponse

from local.aws_server.policies import Request, statements_of
from local.aws_server.replacement import replace_method
from local.aws_server.sessions import AccessError

ACTION = "sts:AssumeRoleWithWebIdentity"
AUDIENCE = "sts.amazonaws.com"
ALGORITHMS = ["RS256", "ES256"]

assume_role_of_moto = TokenResponse.assume_role_with_web_identity


class Issuer:
    """Verifies tokens by a file with the `issuer` and `keys` (RFC 7517) of a cluster."""

    def __init__(self, file: Path | None) -> None:
        self._file = file

    def claims(self, token: str) -> dict[str, Any]:
        try:
            name = jwt.decode(token, options={"verify_signature": False})["iss"]
            header = jwt.get_unverified_header(token)
        except (jwt.PyJWTError, KeyError):
            raise invalid("The ID Token provided is not a valid JWT.") from None
        document = self._document()
        if name != document["issuer"]:
            raise invalid(f"No OpenIDConnect provider found in your account for {name}")
        keys = {key["kid"]: key for key in document["keys"]}
        if header.get("kid") not in keys:
            raise invalid("Couldn't retrieve verification key from your identity provider")
        return verified(token, jwt.PyJWK(keys[header["kid"]]))

    def _document(self) -> dict[str, Any]:
        if self._file is None or not self._file.exists():
            return {"issuer": None, "keys": []}
        document: dict[str, Any] = json.loads(self._file.read_text())
        return document


def verified(token: str, key: jwt.PyJWK) -> dict[str, Any]:
    try:
        claims: dict[str, Any] = jwt.decode(token, key, ALGORITHMS, audience=AUDIENCE)
    except jwt.ExpiredSignatureError:
        raise AccessError("ExpiredTokenException", "Token expired") from None
    except jwt.InvalidAudienceError:
        raise invalid("Incorrect token audience") from None
    except jwt.PyJWTError as error:
        raise invalid(f"The ID Token cannot be verified: {error}") from None
    return claims


def invalid(message: str) -> AccessError:
    return AccessError("InvalidIdentityToken", message)


def extend(issuer: Issuer) -> None:
    """Verify tokens and trust policies. moto lets every caller assume every role."""

    def assume_role(response: TokenResponse) -> ActionResult:
        claims = issuer.claims(response._get_param("WebIdentityToken"))
        expect_trust(response._get_param("RoleArn"), claims)
        return assume_role_of_moto(response)

    replace_method(TokenResponse, "assume_role_with_web_identity", assume_role)


def expect_trust(role_arn: str, claims: dict[str, Any]) -> None:
    _, partition, _, _, account, _ = role_arn.split(":", 5)
    issuer = claims["iss"].partition("://")[2]
    provider = f"arn:{partition}:iam::{account}:oidc-provider/{issuer}"
    audiences = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    context = {f"{issuer}:aud": audiences, f"{issuer}:sub": [claims["sub"]]}
    try:
        role = iam_backends[account][partition].get_role_by_arn(role_arn)
        trusted = statements_of(role.assume_role_policy_document)
    except NotFoundException:
        trusted = ()
    effects = {
        each.effect
        for each in trusted
        if each.has_principal("Federated", {provider})
        and each.applies_to(Request(ACTION, role_arn, context))
    }
    if effects != {"Allow"}:
        raise AccessError("AccessDenied", f"Not authorized to perform {ACTION}")
