"""Which addresses an issuer of tokens may have."""

import ipaddress
from urllib.parse import urlsplit


def checked_address(url: str) -> str:
    """The address, if what comes from it can be trusted: https, or http that stays private."""
    parts = urlsplit(url)
    if not parts.hostname or parts.username is not None or parts.query or parts.fragment:
        raise ValueError("expected an address such as https://login.example.com")
    if parts.scheme == "http" and not _is_private(parts.hostname):
        raise ValueError("expected https; http is taken only with a private IP address")
    if parts.scheme not in ("http", "https"):
        raise ValueError("expected an address that begins with https://")
    return url


def _is_private(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return host == "localhost"
