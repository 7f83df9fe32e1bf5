"""Statements about an image: in-toto v1 with a CycloneDX SBOM, and with a SLSA v1 provenance."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any
from uuid import NAMESPACE_URL, uuid5

from pydantic import AfterValidator, BaseModel, StringConstraints, ValidationError

from herald.attestation.contents import Package
from herald.errors import OperatorError

STATEMENT = "https://in-toto.io/Statement/v1"
SBOM = "https://cyclonedx.org/bom"
PROVENANCE = "https://slsa.dev/provenance/v1"
BUILD = "https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md"


@dataclass(frozen=True)
class Subject:
    repository: str  # with its registry
    digest: str  # "sha256:..."
    created: datetime  # as the image says


@dataclass(frozen=True)
class Origin:
    """What an image is made from, and by whom."""

    commit: str
    uncommitted: bool  # whether files differ from the commit's
    source: str | None  # address of the repository
    base: str  # image, by digest
    files: Mapping[str, str]  # SHA-256 of those that decide what is installed, by path
    builder: str  # a URI
    invocation: str | None = None  # a URI
    parameters: Mapping[str, str] = field(default_factory=dict)


class Digests(BaseModel):
    digest: dict[str, str]


class Stated(BaseModel):
    subject: list[Digests]


class Listed(BaseModel):
    purl: str


class Bill(BaseModel):
    components: list[Listed] = []


class StatedBill(Stated):
    predicate: Bill


class MaterialDigests(BaseModel):
    gitCommit: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40,64}$")] | None = None


class Material(BaseModel):
    digest: MaterialDigests = MaterialDigests()


def begins_with_a_commit(materials: list[Material]) -> list[Material]:
    if not materials or materials[0].digest.gitCommit is None:
        raise ValueError("the first is no commit")
    return materials


class Internal(BaseModel):
    uncommittedChanges: bool


class Definition(BaseModel):
    internalParameters: Internal
    resolvedDependencies: Annotated[list[Material], AfterValidator(begins_with_a_commit)]


class Build(BaseModel):
    buildDefinition: Definition


class StatedBuild(Stated):
    predicate: Build


EXPECTED = {SBOM: StatedBill, PROVENANCE: StatedBuild}  # as far as they are read again


def check_form(type_: str, statement: Any) -> None:
    try:
        EXPECTED[type_].model_validate(statement)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the statement"
        raise OperatorError(
            f"expected a statement of {type_} as `herald attest` makes it, got one where {place} "
            f"is wrong ({first['msg']}); find out who pushed it"
        ) from None


def sbom(subject: Subject, packages: Sequence[Package]) -> dict[str, Any]:
    """The same for an image whenever it is made."""
    from cyclonedx.model.bom import Bom, BomMetaData
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.output.json import JsonV1Dot6
    from packageurl import PackageURL

    image = Component(
        name=subject.repository,
        version=subject.digest,
        type=ComponentType.CONTAINER,
        bom_ref=subject.digest,
    )
    components = []
    for each in packages:
        namespace = "debian" if each.kind == "deb" else None
        about = {"arch": each.architecture, "distro": each.distribution}
        qualifiers = {key: value for key, value in about.items() if value}
        purl = PackageURL(each.kind, namespace, each.name, each.version, qualifiers)
        components.append(
            Component(name=each.name, version=each.version, purl=purl, bom_ref=str(purl))
        )
    bom = Bom(
        serial_number=uuid5(NAMESPACE_URL, subject.digest),
        metadata=BomMetaData(component=image, timestamp=subject.created),
        components=components,
    )
    bom.register_dependency(image, components)
    return statement(subject, SBOM, json.loads(JsonV1Dot6(bom).output_as_string()))


def provenance(subject: Subject, origin: Origin) -> dict[str, Any]:
    source: dict[str, Any] = {"digest": {"gitCommit": origin.commit}}
    if origin.source:
        source["uri"] = f"git+{origin.source}"
    base: dict[str, Any] = {"uri": origin.base}
    if "@sha256:" in origin.base:
        base["digest"] = {"sha256": origin.base.rpartition(":")[2]}
    files = [{"name": path, "digest": {"sha256": sha}} for path, sha in origin.files.items()]
    run: dict[str, Any] = {"builder": {"id": origin.builder}}
    if origin.invocation:
        run["metadata"] = {"invocationId": origin.invocation}
    definition = {
        "buildType": BUILD,
        "externalParameters": dict(origin.parameters),
        "internalParameters": {"uncommittedChanges": origin.uncommitted},
        "resolvedDependencies": [source, base, *files],
    }
    return statement(subject, PROVENANCE, {"buildDefinition": definition, "runDetails": run})


def statement(subject: Subject, type_: str, predicate: Mapping[str, Any]) -> dict[str, Any]:
    digest = {"sha256": subject.digest.removeprefix("sha256:")}
    return {
        "_type": STATEMENT,
        "subject": [{"name": subject.repository, "digest": digest}],
        "predicateType": type_,
        "predicate": dict(predicate),
    }


def named(sbom: Mapping[str, Any]) -> set[str]:
    """The package URLs of an SBOM's statement."""
    return {each["purl"] for each in sbom["predicate"].get("components", [])}
