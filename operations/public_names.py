"""Reads the public DNS."""

import dns.exception
import dns.resolver
from dns.rdtypes.ANY.CAA import CAA
from dns.rdtypes.ANY.NS import NS


def name_servers_of(domain: str) -> set[str]:
    """Return the name servers of a domain; the set is empty if the DNS does not know it."""
    records = look_up(domain, "NS")
    return {each.target.to_text(True).lower() for each in records if isinstance(each, NS)}


def authorities_for(host: str) -> set[str] | None:
    """Return the certificate authorities that may issue for a host; None means every one.

    https://datatracker.ietf.org/doc/html/rfc8659#section-3
    """
    labels = host.split(".")
    for start in range(len(labels)):
        records = [each for each in look_up(".".join(labels[start:]), "CAA")
                   if isinstance(each, CAA)]  # fmt: skip
        if records:
            issuers = [each.value.decode() for each in records if each.tag == b"issue"]
            return {each.partition(";")[0].strip() for each in issuers} - {""} if issuers else None
    return None


def look_up(domain: str, kind: str) -> list[object]:
    try:
        return list(dns.resolver.resolve(f"{domain}.", kind))
    except dns.exception.DNSException:
        return []
