"""Which addresses an issuer of tokens may have; the stacks' program has the same file."""

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

NETWORKS = ("10.0.0.0/8", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7")
PRIVATE = [ipaddress.ip_network(each) for each in NETWORKS]
# Clouds answer on link-local addresses, and AWS on one of fd00:ec2::, with a machine's credentials.
CREDENTIALS = ipaddress.ip_network("fd00:ec2::/32")
NUMBER = re.compile(r"(.*\.)?([0-9]+|0x[0-9a-f]*)\.?")  # resolvers take it for an IPv4 address

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def checked_address(url: str) -> str:
    """The address, if what comes from it can be trusted: https, or http that stays private."""
    parts = urlsplit(url)
    if not parts.hostname or parts.username is not None or parts.query or parts.fragment:
        raise ValueError("expected an address such as https://login.example.com")
    if parts.scheme not in ("http", "https"):
        raise ValueError("expected an address that begins with https://")
    if not _has_usable_port(parts):
        raise ValueError("expected a port from 1 to 65535")
    ip = _ip(parts.hostname)
    if ip is not None and not _is_of_one_host(ip):
        raise ValueError(f"expected the address of an issuer, and {ip} is none that one can have")
    if parts.scheme == "http" and not any(ip in each for each in PRIVATE if ip is not None):
        raise ValueError("expected https; http is taken only with a private IP address")
    return url


def _has_usable_port(parts: SplitResult) -> bool:
    try:
        return parts.port != 0
    except ValueError:
        return False


def _ip(host: str) -> Address | None:
    """None for a name."""
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        if NUMBER.fullmatch(host):
            raise ValueError(f"expected a name or an IP address, and {host} is neither") from None
        return None
    return getattr(ip, "ipv4_mapped", None) or ip


def _is_of_one_host(ip: Address) -> bool:
    """Not of the machine itself, of all, or of the credentials of a cloud's machine."""
    nobody = ip.is_unspecified or ip.is_multicast or ip.is_link_local or ip in CREDENTIALS
    return not nobody and ip not in ipaddress.ip_network("0.0.0.0/8")
