"""The certificates that this machine trusts beyond what Debian ships, such as a proxy's own.

Builds need them besides those of the base image. All of the machine's would be 200 KB in the
stack's state for each image, encrypted, at every step of an update.
"""

import re
from pathlib import Path

TRUSTED = Path("/etc/ssl/certs/ca-certificates.crt")
SHIPPED = Path("/usr/share/ca-certificates")
CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
HEAD = "# What this machine trusts and Debian's ca-certificates does not ship.\n"


def certificates(text: str) -> dict[str, str]:
    """Each certificate of a bundle, by its content without line breaks."""
    return {"".join(found.split()): found for found in CERTIFICATE.findall(text)}


def added(trusted: Path = TRUSTED, shipped: Path = SHIPPED) -> str:
    ours = certificates(trusted.read_text()) if trusted.exists() else {}
    for file in shipped.rglob("*.crt"):
        for known in certificates(file.read_text()):
            ours.pop(known, None)
    return HEAD + "".join(f"{each}\n" for each in ours.values())


def write_added(target: Path) -> None:
    """Written only when it changes, so that builds see the same file."""
    text = added()
    if not target.exists() or target.read_text() != text:
        target.write_text(text)
