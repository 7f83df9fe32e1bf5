"""Checks the certificates of a database server's authorities."""

import re
import ssl
from typing import Any

BEGIN = "-----BEGIN "
PUBLISHED = "https://truststore.pki.rds.amazonaws.com/{region}/{region}-bundle.pem"

OF_RDS = re.compile(r"Amazon RDS ([a-z]{2}(?:-[a-z]+)+-[0-9]) ")


def certificates_of_authorities(pem: str) -> str:
    """Return the text; raise ValueError if it contains anything but certificates of authorities."""
    if not (found := names(pem)) or len(found) != pem.count(BEGIN):
        raise ValueError(
            "expected only certificates of authorities in PEM, each once, "
            "without server certificates and keys"
        )
    return pem


def names(pem: str) -> list[str]:
    """Return the common names of the authorities in a bundle."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cadata=pem)
    except (ssl.SSLError, ValueError):
        return []
    return [common_name(each) for each in context.get_ca_certs()]


def common_name(certificate: Any) -> str:
    """Return the common name of a subject, a sequence of sequences of pairs."""
    pairs = {name: text for part in certificate["subject"] for name, text in part}
    return str(pairs.get("commonName", ""))


def expect_checkable(ssl_mode: str, pem: str | None) -> None:
    """Require authorities for modes that check certificates, and reject them for other modes."""
    checks = ssl_mode.startswith("verify-")
    if checks and pem is None:
        raise ValueError(
            f"expected sslRootCert, because sslMode {ssl_mode} checks the server certificate: "
            "{fromFile: PATH} with its authorities, for RDS a file of stacks/authorities/rds, or "
            f"the file that AWS publishes at {PUBLISHED.format(region='REGION')}"
        )
    if not checks and pem is not None:
        raise ValueError(f"expected no sslRootCert: sslMode {ssl_mode} checks no certificates")


def expect_region(region: str, pem: str) -> None:
    """Require the authorities of the server's region of RDS, and no others."""
    found = names(pem)
    regions = {each[1] for name in found if (each := OF_RDS.match(name))}
    if regions != {region}:
        raise ValueError(
            f"expected in sslRootCert the authorities of RDS in {region} and no other region, as "
            f"AWS publishes them at {PUBLISHED.format(region=region)}; it has {', '.join(found)}"
        )
