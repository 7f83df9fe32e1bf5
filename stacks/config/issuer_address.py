"""Checks addresses of token issuers; the stack program has an equal file."""

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

NETWORKS = ("10.0.0.0/8", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7")
PRIVATE = [ipaddress.ip_network(network) for network in NETWORKS]
# Clouds serve credentials of machines on link-local addresses, and AWS also on fd00:ec2::.
CREDENTIALS = ipaddress.ip_network("fd00:ec2::/32")
NUMBER = re.compile(r"(.*\.)?([0-9]+|0x[0-9a-f]*)\.?")  # resolvers read it as an IPv4 address
MANY_TENANTS = re.compile(
    r"https://login\.microsoftonline\.[a-z]+/(common|organizations|consumers)\b"
)

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def check_address(url: str) -> str:
    """Return an address if it is https, or http in a private network; else raise ValueError."""
    parts = urlsplit(url)
    if not parts.hostname or parts.username is not None or parts.query or parts.fragment:
        raise ValueError("expected an address such as https://login.example.com")
    if parts.scheme not in ("http", "https"):
        raise ValueError("expected an address that starts with https://")
    if not _has_usable_port(parts):
        raise ValueError("expected a port from 1 to 65535")
    ip = _ip(parts.hostname)
    if ip is not None and not _is_of_one_host(ip):
        raise ValueError(f"expected the address of an issuer; {ip} is reserved for other uses")
    if parts.scheme == "http" and not any(ip in network for network in PRIVATE if ip is not None):
        raise ValueError("expected https; http requires a private IP address")
    return url


def check_issuer(url: str) -> str:
    """Return the address of an issuer; reject addresses of many tenants, which no token names."""
    if MANY_TENANTS.match(url):
        raise ValueError(
            "expected the issuer of one tenant, https://login.microsoftonline.com/TENANT_ID/v2.0; "
            "no token names an address of many tenants"
        )
    return check_address(url)


def _has_usable_port(parts: SplitResult) -> bool:
    try:
        return parts.port != 0
    except ValueError:
        return False


def _ip(host: str) -> Address | None:
    """Return the IP address of a host, or None for a name."""
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        if NUMBER.fullmatch(host):
            raise ValueError(f"expected a host name or an IP address; got {host}") from None
        return None
    return getattr(ip, "ipv4_mapped", None) or ip


def _is_of_one_host(ip: Address) -> bool:
    """Return False for unspecified, multicast and link-local addresses, and `CREDENTIALS`."""
    nobody = ip.is_unspecified or ip.is_multicast or ip.is_link_local or ip in CREDENTIALS
    return not nobody and ip not in ipaddress.ip_network("0.0.0.0/8")
