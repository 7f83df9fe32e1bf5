"""Which web addresses a reminder may carry: public http and https, with no tricks."""

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
        "64:ff9b::/96",  # IPv4 within IPv6 (RFC 6052),
        "64:ff9b:1::/48",  # (RFC 8215),
        "::ffff:0:0:0/96",  # (RFC 2765)
        "::/96",  # and, of old, compatible with it (RFC 4291)
        "fec0::/10",  # of a site (RFC 3879)
        "3fff::/20",  # for documents (RFC 9637)
        "5f00::/16",  # segments of a route (RFC 9602)
    )
]


def checked_web_address(text: str) -> str:
    """The address as it came, or ValueError with what is wrong with it."""
    if len(text) > LONGEST_ADDRESS:
        raise ValueError(f"the URL has more than {LONGEST_ADDRESS} characters")
    if not _ALLOWED.fullmatch(text):
        raise ValueError("the URL has characters that must be percent-encoded")
    parts = _split(text)
    if parts.scheme.lower() not in ("http", "https") or not parts.netloc:
        raise ValueError("the URL must begin with http:// or https://")
    if "@" in parts.netloc:
        raise ValueError("the URL must not carry a user name or password")
    _check_host((parts.hostname or "").removesuffix("."))
    return text


def _split(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        if parts.port == 0 or "[v" in parts.netloc.lower():  # no version but 6 is in use
            raise ValueError
    except ValueError:
        raise ValueError("the URL is malformed") from None
    return parts


def _check_host(host: str) -> None:
    address = _ip_address(host)
    if address is not None:
        if not _is_public(address):
            raise ValueError("the URL must name a public host, not a private address")
        return
    labels = host.split(".")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError("the URL's host is not a valid name")
    if len(labels) < 2 or labels[-1] in _PRIVATE_ENDINGS:
        raise ValueError("the URL must name a public host")
    if labels[-1][0].isdigit():  # browsers read such names as IPv4 addresses: 127.1, 0x7f.1
        raise ValueError("the URL's host is not a valid name or address")


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
