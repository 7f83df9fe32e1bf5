"""Checks the public host: its zone, certificate and address."""

from typing import Any

from operations.checks.problem import NotWell
from operations.public_names import authorities_for, name_servers_of
from operations.reachability import answers_over_http
from operations.stack import Stack
from stacks.config.project import PROJECT

NO_GATEWAY = "no gateway in the stack file"
# https://docs.aws.amazon.com/acm/latest/userguide/setup-caa.html
AMAZON = {"amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com"}


def zone(stack: Stack) -> str:
    """Check that ACM can validate a certificate of the host; an update needs nothing else."""
    if (host := host_of(stack)) is None:
        return NO_GATEWAY
    found = zone_of(stack, host)
    expect_delegation(stack, found)
    allowed = authorities_for(host)
    if allowed is not None and not AMAZON & allowed:
        raise NotWell(
            f"CAA records of {host} admit {', '.join(sorted(allowed)) or 'no authority'}, but not "
            "Amazon, so ACM issues no certificate",
            f'add the record `0 issue "amazon.com"` of type CAA for {host}',
        )
    return f"{host} is in the public zone {name_of(found)}"


def gateway(stack: Stack) -> str:
    """Check that the host has a certificate and answers."""
    if (host := host_of(stack)) is None:
        return NO_GATEWAY
    certificate = certificate_of(stack, host)
    if certificate is None:
        raise NotWell(f"no certificate of {host}", f"run `pulumi up --stack {stack.name}`")
    if certificate["Status"] != "ISSUED":
        [proof] = [each["ResourceRecord"] for each in certificate["DomainValidationOptions"]]
        raise NotWell(
            f"the certificate of {host} waits for the DNS record "
            f"{proof['Name']} {proof['Type']} {proof['Value']}",
            f"see that the record is in zone {name_of(zone_of(stack, host))}, and that its parent "
            "delegates the zone",
        )
    if not answers_over_http(f"https://{host}"):
        raise NotWell(
            f"nothing answers at https://{host}",
            f"see `kubectl describe ingress -n {stack.outputs.namespace}`",
        )
    return f"https://{host} answers with a valid certificate"


def host_of(stack: Stack) -> str | None:
    host: str | None = stack.written.get(f"{PROJECT}:gateway", {}).get("host")
    return host


def zone_of(stack: Stack, host: str) -> dict[str, Any]:
    """Return the zone of the stack file, or the account's public zone that contains a host."""
    pages = stack.client("route53").get_paginator("list_hosted_zones").paginate()
    zones = [each for page in pages for each in page["HostedZones"]
             if not each["Config"].get("PrivateZone")]  # fmt: skip
    if named := named_zone(stack):
        zones = [each for each in zones if each["Id"].endswith(f"/{named['id']}")]
        if not zones:
            raise NotWell(
                f"this account has no public zone {named['id']}",
                "correct the id in the stack file; `aws route53 list-hosted-zones` prints it",
            )
    if not (containing := [each for each in zones if f".{host}".endswith(f".{name_of(each)}")]):
        raise NotWell(
            f"no public zone of this account contains {host}",
            "create the zone in Route 53 and name it in the foundation's stack file",
        )
    zone: dict[str, Any] = max(containing, key=lambda each: len(name_of(each)))
    return zone


def named_zone(stack: Stack) -> dict[str, str] | None:
    """Return the zone of the stack file, or of that of the foundation, if one names it."""
    own = stack.written[f"{PROJECT}:gateway"].get("zone")
    named: dict[str, str] | None = own or stack.foundation_settings.get("zone")
    return named


def name_of(zone: dict[str, Any]) -> str:
    return str(zone["Name"]).rstrip(".")


def expect_delegation(stack: Stack, zone: dict[str, Any]) -> None:
    """Require that the public DNS refers to the zone, in which ACM looks for its record."""
    own = stack.client("route53").get_hosted_zone(Id=zone["Id"])["DelegationSet"]["NameServers"]
    expected, found = {each.rstrip(".").lower() for each in own}, name_servers_of(name_of(zone))
    if not expected & found:
        raise NotWell(
            f"the public DNS does not refer to zone {name_of(zone)}: its name servers are "
            f"{', '.join(sorted(found)) or 'unknown'}",
            f"set {', '.join(sorted(expected))} as NS records of {name_of(zone)} in its parent "
            "zone, or at its registrar",
        )


def certificate_of(stack: Stack, host: str) -> dict[str, Any] | None:
    """Return the certificate of a host that was requested or issued, or None."""
    client = stack.client("acm")
    states = ["PENDING_VALIDATION", "ISSUED"]
    found = client.get_paginator("list_certificates").paginate(CertificateStatuses=states)
    for page in found:
        for each in page["CertificateSummaryList"]:
            if each["DomainName"] == host:
                arn = each["CertificateArn"]
                described: dict[str, Any] = client.describe_certificate(CertificateArn=arn)
                return dict(described["Certificate"])
    return None
