"""Describes sessions of assumed roles by their session tokens.

The token contains the session, as the emulator stores nothing on disk: pods keep their credentials
while the emulator restarts. The emulator verifies no signatures of requests.
"""

import base64
import binascii
import json
import time
from dataclasses import asdict, dataclass

from moto.core.exceptions import ServiceException
from moto.sts.models import AssumedRole, STSBackend

from local.aws_server.replacement import replace_method

assume_role_of_moto = STSBackend.assume_role


class AccessError(ServiceException):
    """Rejects a caller; the base class of moto cannot be raised."""


@dataclass(frozen=True)
class Session:
    role_arn: str
    name: str
    expiration: float  # seconds since 1970

    @property
    def account(self) -> str:
        return self.role_arn.split(":")[4]

    @property
    def role_name(self) -> str:
        return self.role_arn.rpartition("/")[2]

    @property
    def partition(self) -> str:
        return self.role_arn.split(":")[1]

    @property
    def arn(self) -> str:
        return f"arn:{self.partition}:sts::{self.account}:assumed-role/{self.role_name}/{self.name}"

    def token(self) -> str:
        return base64.b64encode(json.dumps(asdict(self)).encode()).decode()


def extend() -> None:
    """Issue session tokens that describe the session."""
    replace_method(STSBackend, "assume_role", assume_role)


def assume_role(
    backend: STSBackend,
    region_name: str,
    role_session_name: str,
    role_arn: str,
    policy: str,
    duration: int,
    external_id: str,
) -> AssumedRole:
    assumed = assume_role_of_moto(
        backend, region_name, role_session_name, role_arn, policy, duration, external_id
    )
    session = Session(role_arn, role_session_name, time.time() + duration)
    assumed.session_token = session.token()
    return assumed


def session_of(token: str) -> Session:
    """Return the session of a token; refuse tokens that the emulator did not issue."""
    try:
        session = Session(**json.loads(base64.b64decode(token, validate=True)))
    except (binascii.Error, ValueError, TypeError):
        raise AccessError(
            "InvalidClientTokenId", "The security token included in the request is invalid."
        ) from None
    if session.expiration < time.time():
        raise AccessError("ExpiredToken", "The security token included in the request is expired")
    return session
