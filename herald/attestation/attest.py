"""Attaches what is stated of a stack's images, and compares it with the images."""

from collections.abc import Mapping
from typing import Any

from herald.attestation.contents import Contents, Sources, contents
from herald.attestation.origin import origin, sources_here, sources_of
from herald.attestation.registry import Image
from herald.attestation.statements import PROVENANCE, SBOM, check_form, named, provenance, sbom
from herald.errors import OperatorError


def attach(image: Image, stack: str, service: str, base: str) -> str:
    """What was done. Statements that are there stay: an image is stated to be built once."""
    if image.attestations():
        return "has its attestations"
    inside = contents(image.platforms())
    if other := differing(inside.sources, sources_here(service)):
        raise OperatorError(
            f"expected the image of {service} to be built from this checkout, but {other} differ; "
            "check out what it was built from, or run `pulumi up` first"
        )
    made = listing(image, inside)
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
    for type_ in (SBOM, PROVENANCE):
        check_form(type_, found[type_])
        check_subject(found[type_], image, service)
    inside = contents(image.platforms())
    held, stated = named(listing(image, inside)), named(found[SBOM])
    if stated != held:
        raise OperatorError(
            f"the SBOM of {service} is not of its image: "
            f"it lacks {listed(held - stated)}, and names without cause {listed(stated - held)}"
        )
    return f"{len(held)} packages as stated, {built(inside.sources, found[PROVENANCE], service)}"


def listing(image: Image, inside: Contents) -> dict[str, Any]:
    return sbom(image.subject, [*inside.packages, *set(image.interpreters())])


def built(sources: Sources, statement: Mapping[str, Any], service: str) -> str:
    """From what commit, after making sure of it where nothing else than commits was used."""
    definition = statement["predicate"]["buildDefinition"]
    commit: str = definition["resolvedDependencies"][0]["digest"]["gitCommit"]
    if definition["internalParameters"]["uncommittedChanges"]:
        return f"built from changes to {commit}"
    if other := differing(sources, sources_of(commit, service)):
        raise OperatorError(
            f"the provenance of {service} names commit {commit}, but {other} differ: "
            "the image was built from something else"
        )
    return f"built from {commit}"


def differing(sources: Sources, others: Sources) -> str:
    return listed({path for path, _ in sources ^ others}) if sources != others else ""


def check_subject(statement: Mapping[str, Any], image: Image, service: str) -> None:
    digests = [each["digest"].get("sha256") for each in statement["subject"]]
    if digests != [image.digest.removeprefix("sha256:")]:
        raise OperatorError(
            f"expected statements of {image.digest} beside {service}, got some of {digests}"
        )


def listed(urls: set[str]) -> str:
    return ", ".join(sorted(urls)[:5]) or "nothing"
