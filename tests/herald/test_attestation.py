"""What is stated of an image: read from its layers, attached in a real registry, compared."""

import subprocess
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest

from herald.attestation import attest
from herald.attestation import origin as origins
from herald.attestation.contents import Package, contents
from herald.attestation.origin import builder, public
from herald.attestation.registry import Image
from herald.attestation.statements import (
    PROVENANCE,
    SBOM,
    Origin,
    Subject,
    named,
    provenance,
    sbom,
)
from herald.errors import OperatorError
from tests.herald.image_registry import Repository, image_registry, layer

SITE = "usr/lib/python3.12/site-packages"
DPKG = """Package: libc6
Status: install ok installed
Architecture: amd64
Version: 2.36-9

Package: removed
Status: deinstall ok config-files
Architecture: all
Version: 1
"""
BASE = layer(
    {
        "./var/lib/dpkg/status": DPKG,
        "usr/lib/os-release": 'NAME="Debian GNU/Linux"\nVERSION_ID="13"\nID=debian\n',
        f"{SITE}/old-1.dist-info/METADATA": "Name: old\nVersion: 1\n",
        f"{SITE}/gone-2.dist-info/METADATA": "Name: gone\nVersion: 2\n",
        "etc/passwd": "Package: none\nVersion: 1\n",
    }
)
APP = layer(
    {
        f"{SITE}/.wh.gone-2.dist-info": "",
        "app/pkg-3.dist-info/METADATA": "Metadata-Version: 2.4\nName: Pkg\nVersion: 3\n\nText.",
        "srv/app/__main__.py": "print('app')\n",
        "srv/app/__pycache__/__main__.cpython-312.pyc": "compiled",
        "srv/event_messages/event.py": "EVENT = 1\n",
        "srv/service_runtime/settings.py": "SETTING = 1\n",
        "srv/authorities.pem": "of the build",
    },
    compressed=False,
)
LIBC, OLD = Package("deb", "libc6", "2.36-9", "amd64", "debian-13"), Package("pypi", "old", "1")
PKG = Package("pypi", "Pkg", "3")
DIGEST = "sha256:" + "ab" * 32
SUBJECT = Subject("registry.example/app", DIGEST, datetime(2026, 11, 1, 10, tzinfo=UTC))
STATED_OF = [{"name": "registry.example/app", "digest": {"sha256": "ab" * 32}}]


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    with image_registry(tmp_path_factory.mktemp("registry")) as address:
        yield address


@pytest.fixture(autouse=True)
def checkout(tmp_path: Path, monkeypatch):
    """With the sources of `APP` in its one commit, in place of this one."""
    for path, text in {
        "services/app/app/__main__.py": "print('app')\n",
        "services/event-messages/event_messages/event.py": "EVENT = 1\n",
        "services/service-runtime/service_runtime/settings.py": "SETTING = 1\n",
        **{path: path for path in origins.DECIDING},
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    git(tmp_path, "init", "-q")
    commit(tmp_path)
    monkeypatch.setattr(origins, "ROOT", tmp_path)
    return tmp_path


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
    done = subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)
    return done.stdout.decode().strip()


def commit(folder: Path) -> str:
    git(folder, "add", "--all")
    git(folder, "commit", "-q", "--message", "Work")
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def app(registry, request):
    return Repository(registry, request.node.name.partition("[")[0])


def test_packages_are_what_the_layers_leave():
    assert contents([[BytesIO(BASE), BytesIO(APP)]]).packages == [LIBC, PKG, OLD]
    opaque = layer({f"{SITE}/.wh..wh..opq": ""})
    assert contents([[BytesIO(BASE), BytesIO(opaque)]]).packages == [LIBC]


def test_a_layer_of_another_compression_is_told():
    with pytest.raises(OperatorError, match="expected a layer that is a tar archive, plain or"):
        contents([[BytesIO(b"\x28\xb5\x2f\xfd" + bytes(600))]])


def test_an_sbom_names_image_and_packages_and_is_the_same_each_time():
    made = sbom(SUBJECT, [LIBC, PKG])
    assert made == sbom(SUBJECT, [PKG, LIBC])
    assert (made["predicateType"], made["subject"]) == (SBOM, STATED_OF)
    assert named(made) == {
        "pkg:deb/debian/libc6@2.36-9?arch=amd64&distro=debian-13",
        "pkg:pypi/pkg@3",
    }
    bom = made["predicate"]
    assert bom["metadata"]["timestamp"] == "2026-11-01T10:00:00+00:00"
    assert bom["metadata"]["component"]["name"] == "registry.example/app"
    assert len(bom["dependencies"]) == 3


def test_a_provenance_names_commit_base_and_what_decides_the_packages():
    origin = Origin(
        commit="c0ffee",
        uncommitted=False,
        source="https://github.com/example/herald",
        base=f"registry.example/python:3.12@{DIGEST}",
        files={"services/Dockerfile": "12" * 32},
        builder="https://github.com/example/herald/.github/workflows/deploy.yml@refs/heads/x",
        invocation="https://github.com/example/herald/actions/runs/1",
        parameters={"stack": "dev", "service": "app"},
    )
    made = provenance(SUBJECT, origin)
    assert (made["predicateType"], made["subject"]) == (PROVENANCE, STATED_OF)
    definition = made["predicate"]["buildDefinition"]
    assert definition["externalParameters"] == {"stack": "dev", "service": "app"}
    assert definition["internalParameters"] == {"uncommittedChanges": False}
    assert definition["resolvedDependencies"] == [
        {"uri": "git+https://github.com/example/herald", "digest": {"gitCommit": "c0ffee"}},
        {"uri": origin.base, "digest": {"sha256": "ab" * 32}},
        {"name": "services/Dockerfile", "digest": {"sha256": "12" * 32}},
    ]
    assert made["predicate"]["runDetails"] == {
        "builder": {"id": origin.builder},
        "metadata": {"invocationId": origin.invocation},
    }


def test_who_builds_is_the_workflow_or_somebody_by_hand():
    run = {
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "example/herald",
        "GITHUB_WORKFLOW_REF": "example/herald/.github/workflows/deploy.yml@refs/heads/master",
        "GITHUB_RUN_ID": "7",
    }
    workflow = "https://github.com/example/herald/.github/workflows/deploy.yml@refs/heads/master"
    assert builder(run) == {
        "builder": workflow,
        "invocation": "https://github.com/example/herald/actions/runs/7",
    }
    assert builder({}) == {"builder": "urn:herald:by-hand"}


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("https://user:token@github.com/example/herald", "https://github.com/example/herald"),
        ("ssh://git@github.com/example/herald", "ssh://github.com/example/herald"),
        ("/home/ada/herald", None),
        ("", None),
    ],
)
def test_no_secret_and_no_folder_of_this_machine_is_told(address, told):
    assert public(address) == told


@pytest.mark.integration
def test_statements_are_attached_once_and_hold(app, checkout):
    image = Image(
        f"{app.address}:1@{app.push(BASE, APP, variables=['A=1', 'PYTHON_VERSION=3.12.15'])}"
    )
    with pytest.raises(OperatorError, match="found no https://cyclonedx.org/bom and no https://sl"):
        attest.verify(image, "app")
    assert attest.attach(image, "dev", "app", "base") == "attested, with 4 packages"
    assert attest.attach(image, "dev", "app", "base") == "has its attestations"
    found = Image(f"{app.address}:1@{image.digest}")
    python = Package("generic", "python", "3.12.15")
    assert found.attestations()[SBOM] == sbom(image.subject, [LIBC, PKG, OLD, python])
    head = git(checkout, "rev-parse", "HEAD")
    assert attest.verify(found, "app") == f"4 packages as stated, built from {head}"


@pytest.mark.integration
def test_an_image_of_several_platforms_is_stated_with_the_packages_of_all(app):
    digest = app.push_index([app.push(APP), app.push(BASE, APP)])
    image = Image(f"{app.address}:1@{digest}")
    assert attest.attach(image, "dev", "app", "base") == "attested, with 3 packages"
    assert attest.verify(image, "app").startswith("3 packages as stated, built from ")


@pytest.mark.integration
def test_an_image_of_other_sources_than_the_checkouts_is_not_attested(app, checkout):
    image = Image(f"{app.address}:1@{app.push(BASE, APP)}")
    (checkout / "services/app/app/__main__.py").write_text("print('changed')\n")
    (checkout / "services/app/app/added.py").write_text("")
    with pytest.raises(OperatorError, match="but app/__main__.py, app/added.py differ; check out"):
        attest.attach(image, "dev", "app", "base")
    assert image.attestations() == {}


@pytest.mark.integration
def test_what_an_earlier_commit_built_stays_stated_so(app, checkout):
    image = Image(f"{app.address}:1@{app.push(BASE, APP)}")
    first = git(checkout, "rev-parse", "HEAD")
    attest.attach(image, "dev", "app", "base")
    (checkout / "services/app/app/__main__.py").write_text("print('changed')\n")
    commit(checkout)
    assert attest.attach(image, "dev", "app", "base") == "has its attestations"
    assert attest.verify(image, "app") == f"3 packages as stated, built from {first}"


@pytest.mark.integration
def test_changes_without_a_commit_are_said(app, checkout):
    (checkout / "services/app/app/__main__.py").write_text("print('changed')\n")
    changed = layer({"srv/app/__main__.py": "print('changed')\n"})
    image = Image(f"{app.address}:1@{app.push(BASE, APP, changed)}")
    head = git(checkout, "rev-parse", "HEAD")
    attest.attach(image, "dev", "app", "base")
    assert attest.verify(image, "app") == f"3 packages as stated, built from changes to {head}"


@pytest.mark.integration
def test_a_provenance_of_a_commit_that_did_not_build_the_image_is_told(app, checkout):
    first = git(checkout, "rev-parse", "HEAD")
    (checkout / "services/app/app/__main__.py").write_text("print('changed')\n")
    changed = commit(checkout)
    image = Image(f"{app.address}:1@{app.push(BASE, APP)}")
    made = sbom(image.subject, [LIBC, PKG, OLD])
    for named_commit, told in (
        (changed, f"the provenance of app names commit {changed}, but app/__main__.py differ"),
        ("0" * 40, "expected a checkout with the commit in question, which `git fetch` may get"),
    ):
        origin = Origin(named_commit, False, None, "base", {}, "b")
        image.attach([made, provenance(image.subject, origin)])
        with pytest.raises(OperatorError, match=told):
            attest.verify(image, "app")
    assert first != changed


@pytest.mark.integration
def test_what_the_registry_gives_for_a_digest_is_compared_with_it(app, registry, tmp_path_factory):
    """The files of the registry are changed behind its back."""
    image = Image(f"{app.address}:1@{app.push(BASE, APP)}")
    attest.attach(image, "dev", "app", "base")
    [stored] = [
        file
        for file in tmp_path_factory.getbasetemp().glob("registry[0-9]*/data/**/blobs/**/data")
        if b"bomFormat" in file.read_bytes() and f'"{app.address}"'.encode() in file.read_bytes()
    ]
    stored.write_bytes(stored.read_bytes().replace(b"libc6", b"libx6"))
    told = f"expected sha256:{stored.parent.name} of {app.address}, but the registry gave other"
    with pytest.raises(OperatorError, match=told):
        attest.verify(image, "app")


@pytest.mark.integration
def test_an_artifact_of_another_image_under_the_tag_of_this_is_told(app):
    image, other = (Image(f"{app.address}:1@{app.push(*parts)}") for parts in ([APP], [BASE, APP]))
    other.attestation_tag = image.attestation_tag
    attest.attach(image, "dev", "app", "base")
    other.attach([])
    with pytest.raises(OperatorError, match=f"attached to its image {image.digest}, but it is to"):
        attest.verify(image, "app")


@pytest.mark.integration
@pytest.mark.parametrize(
    ("bill", "build", "told"),
    [
        ({"subject": 1}, {}, "https://cyclonedx.org/bom as .* where subject is wrong"),
        ({"predicate": {"components": [{}]}}, {}, "where predicate.components.0.purl is wrong"),
        ({}, {"predicate": {}}, "provenance/v1 as .* where predicate.buildDefinition is wrong"),
        ({}, {"commit": "--all"}, "resolvedDependencies.0.digest.gitCommit is wrong"),
        ({}, {"commit": None}, "resolvedDependencies is wrong .*the first is no commit"),
    ],
)
def test_what_is_no_statement_of_ours_is_told(app, bill, build, told):
    image = Image(f"{app.address}:1@{app.push(BASE, APP)}")
    origin = Origin(build.get("commit", "0" * 40), False, None, "base", {}, "b")
    made = sbom(image.subject, [LIBC, PKG, OLD])
    image.attach([{**made, **bill}, {**provenance(image.subject, origin), **build}])
    with pytest.raises(OperatorError, match=told):
        attest.verify(image, "app")


@pytest.mark.integration
def test_an_sbom_that_lacks_a_package_or_is_of_another_image_is_told(app):
    image = Image(f"{app.address}:1@{app.push(BASE)}")
    other = provenance(image.subject, Origin("c" * 40, False, None, "base", {}, "b"))
    image.attach([sbom(image.subject, [LIBC, PKG]), other])
    with pytest.raises(OperatorError) as caught:
        attest.verify(image, "app")
    assert str(caught.value) == (
        "the SBOM of app is not of its image: it lacks pkg:pypi/gone@2, pkg:pypi/old@1, "
        "and names without cause pkg:pypi/pkg@3"
    )
    image.attach([sbom(SUBJECT, [LIBC, OLD]), other])
    with pytest.raises(OperatorError, match=f"expected statements of {image.digest} beside app"):
        attest.verify(image, "app")


@pytest.mark.integration
def test_an_image_that_is_not_there_is_told(app):
    image = Image(f"{app.address}:1@{DIGEST}")
    with pytest.raises(OperatorError, match=f"expected the image {app.address}@{DIGEST}, found"):
        attest.attach(image, "dev", "app", "base")


def test_a_registry_that_does_not_answer_is_told():
    with pytest.raises(OperatorError, match="the registry localhost:1 gave no answer"):
        Image(f"localhost:1/app@{DIGEST}").attestations()


def test_an_image_is_named_by_its_digest():
    with pytest.raises(OperatorError, match="expected an image by its digest, got 'app:1'"):
        Image("app:1")
