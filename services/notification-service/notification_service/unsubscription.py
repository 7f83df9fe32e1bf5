"""Creates links that unsubscribe from e-mails with one click (RFC 8058), without login.

The token of a link contains the id of the user and a signature. It does not expire, because users
read e-mails years later. A new key signs new links, and the previous key verifies earlier ones.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256

from notification_service.errors import UnknownToken
from notification_service.preference_store import PostgresPreferences

LONGEST_LINK = 860  # characters; SES accepts 870 in a header
LONGEST_TOKEN = 2_048  # characters
PURPOSE = b"herald unsubscribe 1\0"


class Unsubscription:
    """Creates links, and unsubscribes their users."""

    def __init__(
        self,
        address: str,
        key: str,
        preferences: PostgresPreferences,
        previous_key: str | None = None,
    ) -> None:
        self._address, self._preferences = address, preferences
        self._keys = [one.encode() for one in (key, previous_key) if one]

    def link(self, user_id: str) -> str | None:
        """Return the link, or None if the id of the user is too long for a header."""
        link = f"{self._address}?token={self.token(user_id)}"
        return link if len(link) <= LONGEST_LINK else None

    def token(self, user_id: str) -> str:
        return sign(user_id, self._keys[0])

    def user_of(self, token: str) -> str:
        """Return the user of a token; raise UnknownToken if its signature is wrong."""
        try:
            user_id = decode(token[:LONGEST_TOKEN].partition(".")[0]).decode()
            for key in self._keys:
                if hmac.compare_digest(token.encode(), sign(user_id, key).encode()):
                    return user_id
        except (Error, ValueError):
            pass
        raise UnknownToken

    def locale_of(self, user_id: str) -> str:
        """Return the locale of the user's e-mails."""
        return self._preferences.of(user_id).locale

    def unsubscribe(self, user_id: str) -> None:
        self._preferences.change(user_id, lambda current: replace(current, unsubscribed=True))


def sign(user_id: str, key: bytes) -> str:
    signature = hmac.digest(key, PURPOSE + user_id.encode(), sha256)
    return f"{encode(user_id.encode())}.{encode(signature)}"


def one_click_headers(link: str | None) -> Mapping[str, str]:
    """Return the headers for the unsubscribe button of mail programs."""
    if link is None:
        return {}
    return {
        "List-Unsubscribe": f"<{link}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def encode(value: bytes) -> str:
    return urlsafe_b64encode(value).decode().rstrip("=")


def decode(text: str) -> bytes:
    return urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
