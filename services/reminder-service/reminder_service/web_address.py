"""Checks the web addresses of reminders: http or https with a public host."""

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

LONGEST_ADDRESS = 2_048  # characters

_ALLOWED = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")  # RFC 3986
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_PRIVATE_ENDINGS = (
    "local",
    "localhost",
    "localdomain",
    "svc",
    "internal",
    "private",
    "intranet",
    "lan",
    "home",
    "corp",
    "arpa",
    "onion",
    "test",
    "invalid",
)

_NOT_PUBLIC = [
    ipaddress.ip_network(network)
    for network in (
        "64:ff9b::/96",  # IPv4 in IPv6 (RFC 6052),
        "64:ff9b:1::/48",  # (RFC 8215),
        "::ffff:0:0:0/96",  # (RFC 2765)
        "::/96",  # and the former compatible form (RFC 4291)
        "fec0::/10",  # local to a site (RFC 3879)
        "3fff::/20",  # for documentation (RFC 9637)
        "5f00::/16",  # segment routing (RFC 9602)
    )
]


def check_web_address(text: str) -> str:
    """Return the address unchanged; raise ValueError with the reason if it is not permitted."""
    if len(text) > LONGEST_ADDRESS:
        raise ValueError(f"Expected a URL of at most {LONGEST_ADDRESS} characters.")
    if not _ALLOWED.fullmatch(text):
        raise ValueError("Expected percent-encoded characters in the URL.")
    parts = _split(text)
    if parts.scheme.lower() not in ("http", "https") or not parts.netloc:
        raise ValueError("Expected a URL that starts with http:// or https://.")
    if "@" in parts.netloc:
        raise ValueError("Expected a URL without a user name or password.")
    _check_host((parts.hostname or "").removesuffix("."))
    return text


def _split(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        if parts.port == 0 or "[v" in parts.netloc.lower():  # only version 6 is in use
            raise ValueError
    except ValueError:
        raise ValueError("Expected a valid URL.") from None
    return parts


def _check_host(host: str) -> None:
    address = _ip_address(host)
    if address is not None:
        if not _is_public(address):
            raise ValueError("Expected a public host in the URL, not a private address.")
        return
    labels = host.split(".")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError("Expected a valid host name in the URL.")
    if len(labels) < 2 or labels[-1] in _PRIVATE_ENDINGS:
        raise ValueError("Expected a public host in the URL.")
    if labels[-1][0].isdigit():  # browsers read such names as IPv4 addresses: 127.1, 0x7f.1
        raise ValueError("Expected a valid host name or address in the URL.")


def _ip_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        embedded = address.ipv4_mapped or address.sixtofour or address.teredo
        reserved = any(address in network for network in _NOT_PUBLIC)
        if embedded or reserved or address.scope_id:
            return False
    return address.is_global and not address.is_multicast
