"""The certificate authorities that a database server's certificate is checked with."""

import re
import ssl
from typing import Any

BEGIN = "-----BEGIN "
PUBLISHED = "https://truststore.pki.rds.amazonaws.com/{region}/{region}-bundle.pem"

OF_RDS = re.compile(r"Amazon RDS ([a-z]{2}(?:-[a-z]+)+-[0-9]) ")


def certificates_of_authorities(pem: str) -> str:
    """The text itself; ValueError when it holds anything else, for it goes into images."""
    if not (found := names(pem)) or len(found) != pem.count(BEGIN):
        raise ValueError(
            "expected certificates of authorities alone, each of them once, in PEM: "
            "no server's certificate, and no key"
        )
    return pem


def names(pem: str) -> list[str]:
    """The common names of the authorities in a bundle."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cadata=pem)
    except (ssl.SSLError, ValueError):
        return []
    return [common_name(each) for each in context.get_ca_certs()]


def common_name(certificate: Any) -> str:
    """Of its subject, which is a sequence of sequences of pairs."""
    pairs = {name: text for part in certificate["subject"] for name, text in part}
    return str(pairs.get("commonName", ""))


def expect_checkable(ssl_mode: str, pem: str | None) -> None:
    """A mode that checks certificates needs authorities, and no other makes use of them."""
    checks = ssl_mode.startswith("verify-")
    if checks and pem is None:
        raise ValueError(
            f"expected sslRootCert, for sslMode {ssl_mode} checks the server's certificate: "
            "{fromFile: PATH} of its authorities, those of RDS as authorities/rds has them or "
            f"as AWS publishes them at {PUBLISHED.format(region='REGION')}"
        )
    if not checks and pem is not None:
        raise ValueError(f"expected no sslRootCert, for sslMode {ssl_mode} checks no certificate")


def expect_region(region: str, pem: str) -> None:
    """Servers of RDS have certificates of their region's authorities, and need no other's."""
    found = names(pem)
    regions = {each[1] for name in found if (each := OF_RDS.match(name))}
    if regions != {region}:
        raise ValueError(
            f"expected in sslRootCert the authorities of RDS in {region} and no other region, as "
            f"AWS publishes them at {PUBLISHED.format(region=region)}; it has {', '.join(found)}"
        )
