"""Attaches what is stated of a stack's images, and compares it with the images."""

from collections.abc import Mapping
from typing import Any

from herald.attestation.contents import packages
from herald.attestation.origin import origin
from herald.attestation.registry import Image
from herald.attestation.statements import PROVENANCE, SBOM, named, provenance, sbom
from herald.errors import OperatorError


def attach(image: Image, stack: str, service: str, base: str) -> str:
    """What was done. Statements that are there stay: an image is stated to be built once."""
    if image.attestations():
        return "has its attestations"
    made = sbom(image.subject, packages(image.platforms()))
    image.attach([made, provenance(image.subject, origin(stack, service, base))])
    return f"attested, with {len(named(made))} packages"


def verify(image: Image, service: str) -> str:
    """What was found; an error when a statement is missing, of another image, or untrue."""
    found = image.attestations()
    if missing := {SBOM, PROVENANCE} - found.keys():
        raise OperatorError(
            f"expected attestations of {service}, found no {' and no '.join(sorted(missing))}; "
            "`herald attest` attaches them"
        )
    for statement in found.values():
        check_subject(statement, image, service)
    stated = named(found[SBOM])
    held = named(sbom(image.subject, packages(image.platforms())))
    if stated != held:
        raise OperatorError(
            f"the SBOM of {service} is not of its image: "
            f"it lacks {listed(held - stated)}, and names without cause {listed(stated - held)}"
        )
    commit = found[PROVENANCE]["predicate"]["buildDefinition"]["resolvedDependencies"][0]
    return f"{len(held)} packages as stated, built from {commit['digest']['gitCommit']}"


def check_subject(statement: Mapping[str, Any], image: Image, service: str) -> None:
    digests = [each["digest"].get("sha256") for each in statement["subject"]]
    if digests != [image.digest.removeprefix("sha256:")]:
        raise OperatorError(
            f"expected statements of {image.digest} beside {service}, got some of {digests}"
        )


def listed(urls: set[str]) -> str:
    return ", ".join(sorted(urls)[:5]) or "nothing"
