"""One-click unsubscription from e-mail (RFC 8058): links that need no login.

A link carries a token: the user's id and a signature of it, and nothing else about the user. It
does not expire, since an e-mail may be read years later; another key makes all links void.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256

from notification_service.errors import UnknownToken
from notification_service.preferences import PreferenceStore

LONGEST_LINK = 860  # characters; SES takes 870 in a header
LONGEST_TOKEN = 2_048  # characters
PURPOSE = b"herald unsubscribe 1\0"


class Unsubscription:
    """Makes links, and does what a link asks for."""

    def __init__(self, address: str, key: str, preferences: PreferenceStore) -> None:
        self._address, self._key, self._preferences = address, key.encode(), preferences

    def link(self, user_id: str) -> str | None:
        """None when the user's id is too long for a header."""
        link = f"{self._address}?token={self.token(user_id)}"
        return link if len(link) <= LONGEST_LINK else None

    def token(self, user_id: str) -> str:
        return f"{encoded(user_id.encode())}.{encoded(self._signature(user_id.encode()))}"

    def user_of(self, token: str) -> str:
        """Raise UnknownToken unless we made the token."""
        try:
            user_id = decoded(token[:LONGEST_TOKEN].partition(".")[0]).decode()
            if hmac.compare_digest(token.encode(), self.token(user_id).encode()):
                return user_id
        except (Error, ValueError):
            pass
        raise UnknownToken

    def unsubscribe(self, token: str) -> None:
        user_id = self.user_of(token)
        self._preferences.change(user_id, lambda current: replace(current, unsubscribed=True))

    def _signature(self, user_id: bytes) -> bytes:
        return hmac.digest(self._key, PURPOSE + user_id, sha256)


def one_click_headers(link: str | None) -> Mapping[str, str]:
    """What makes a mail program show its own button."""
    if link is None:
        return {}
    return {
        "List-Unsubscribe": f"<{link}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def encoded(value: bytes) -> str:
    return urlsafe_b64encode(value).decode().rstrip("=")


def decoded(text: str) -> bytes:
    return urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
