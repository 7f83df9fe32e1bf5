"""Emulates the SES account: its sending rate and the sandbox.

https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_GetAccount.html
"""

import json
from dataclasses import dataclass
from typing import Any

from moto.ses.models import SESBackend
from moto.sesv2 import urls
from moto.sesv2.models import SESV2Backend
from moto.sesv2.responses import SESV2Response

from local.aws_server.replacement import add_method

ATTRIBUTE = "herald_account"  # on moto's backend, where a reset deletes it


@dataclass(frozen=True)
class Quota:
    """Limits the e-mails of an account."""

    a_day: float
    a_second: float


SANDBOX = Quota(a_day=200, a_second=1)
PRODUCTION = Quota(a_day=50_000, a_second=14)  # of an account that has just left the sandbox


def extend() -> None:
    """Add the account to version 2 of SES, which moto lacks."""
    add_method(SESV2Response, "get_account", lambda response: account_of(response.sesv2_backend))
    add_method(SESV2Response, "put_account_details", put_account_details)
    for path in ("account", "account/details"):
        urls.url_paths[f"{{0}}/v2/email/{path}$"] = SESV2Response.dispatch


def put_account_details(response: SESV2Response) -> str:
    """Grant or end production access at once, although AWS takes up to a day."""
    has_access = json.loads(response.body).get("ProductionAccessEnabled", False)
    setattr(response.sesv2_backend.core_backend, ATTRIBUTE, has_access)
    return "{}"


def sends_to_anybody(backend: SESBackend) -> bool:
    """Return False for an account in the sandbox, which sends only to verified addresses."""
    return bool(getattr(backend, ATTRIBUTE, True))


def account_of(backend: SESV2Backend) -> str:
    has_access = sends_to_anybody(backend.core_backend)
    quota = PRODUCTION if has_access else SANDBOX
    answer: dict[str, Any] = {
        "DedicatedIpAutoWarmupEnabled": False,
        "EnforcementStatus": "HEALTHY",
        "ProductionAccessEnabled": has_access,
        "SendQuota": {
            "Max24HourSend": quota.a_day,
            "MaxSendRate": quota.a_second,
            "SentLast24Hours": float(backend.core_backend.sent_message_count),
        },
        "SendingEnabled": True,
        "SuppressionAttributes": {"SuppressedReasons": []},
    }
    return json.dumps(answer)
