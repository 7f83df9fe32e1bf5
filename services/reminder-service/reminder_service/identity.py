"""Who calls: the headers that the API gateway sets."""

import re
from typing import Annotated, Any

from fastapi import Depends, Request

from reminder_service.errors import Unauthenticated
from reminder_service.reminders import Caller

USER_ID, USER_NAME = "x-authenticated-userid", "x-consumer-username"
LONGEST_USER_ID = 256  # characters
LONGEST_EMAIL = 254  # characters

_USER_ID = re.compile(rf"[^\x00-\x1f\x7f-\x9f]{{1,{LONGEST_USER_ID}}}")
_EMAIL = re.compile(
    r"(?=.{1,64}@)[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])",
    re.IGNORECASE | re.ASCII,
)

# Declared here because a missing user is answered 401, not 422 as other missing headers.
IDENTITY: dict[str, Any] = {
    "parameters": [
        {
            "name": USER_ID,
            "in": "header",
            "required": True,
            "description": "the user, set by the API gateway",
            "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_USER_ID},
            "example": "user-1",
        },
        {
            "name": USER_NAME,
            "in": "header",
            "required": False,
            "description": "the user's e-mail address, set by the API gateway",
            "schema": {"type": "string"},
            "example": "user@example.com",
        },
    ]
}


def caller_of(request: Request) -> Caller:
    user_id = request.headers.get(USER_ID, "")
    if not _USER_ID.fullmatch(user_id):
        raise Unauthenticated
    return Caller(user_id=user_id, email=email_address(request.headers.get(USER_NAME, "")))


def email_address(text: str) -> str | None:
    """The address, or None when the text is none: the gateway may send another name."""
    return text if len(text) <= LONGEST_EMAIL and _EMAIL.fullmatch(text) else None


AnyCaller = Annotated[Caller, Depends(caller_of)]
