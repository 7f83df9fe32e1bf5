"""Finds certificates that this machine trusts and Debian does not ship, for example of a proxy.

Builds need them in addition to those of the base image. All certificates of the machine would add
200 KB to the state of the stack for each image.
"""

import re
from pathlib import Path

TRUSTED = Path("/etc/ssl/certs/ca-certificates.crt")
SHIPPED = Path("/usr/share/ca-certificates")
CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
HEAD = "# Certificates that this machine trusts and Debian's ca-certificates does not contain.\n"


def certificates(text: str) -> dict[str, str]:
    """Return each certificate of a bundle, by its content without line breaks."""
    return {"".join(found.split()): found for found in CERTIFICATE.findall(text)}


def find_added(trusted: Path = TRUSTED, shipped: Path = SHIPPED) -> str:
    """Return a bundle of the trusted certificates that Debian does not ship."""
    ours = certificates(trusted.read_text()) if trusted.exists() else {}
    for file in shipped.rglob("*.crt"):
        for known in certificates(file.read_text()):
            ours.pop(known, None)
    return HEAD + "".join(f"{each}\n" for each in ours.values())


def write_added(target: Path) -> None:
    """Write the certificates if they changed; an unchanged file keeps builds cached."""
    text = find_added()
    if not target.exists() or target.read_text() != text:
        target.write_text(text)
