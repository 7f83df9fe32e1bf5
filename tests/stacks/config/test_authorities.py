"""The authorities that servers are checked with: those in the repository, and what is refused."""

import datetime
import re

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from local.identities import Authority, named
from stacks.config.authorities import certificates_of_authorities, names
from stacks.config.project import PROJECT, ROOT
from stacks.config.stack_file import ConfigError, parse
from stacks.platform.images import DATABASE_AUTHORITIES
from tests.stacks.stack_files import SECRET_KEYS, STACKS, as_engine, with_secrets, written

FOLDER = ROOT / "stacks" / "authorities"
ROOTS = FOLDER / "rds" / "eu-central-1.pem"
DATABASE = f"{PROJECT}:database"


def test_rds_roots_match_the_documentation():
    page = (FOLDER / "README.md").read_text()
    table = re.findall(r"^\| (Amazon .*) \| (.*) \| `(.*)` \|$", page, re.M)
    found = []
    for root in x509.load_pem_x509_certificates(ROOTS.read_bytes()):
        root.verify_directly_issued_by(root)
        assert root.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        [name] = root.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        until = root.not_valid_after_utc.date().isoformat()
        found.append((name.value, until, root.fingerprint(hashes.SHA256()).hex()))
    assert found == table
    assert [name for name, _, _ in found] == [
        f"Amazon RDS eu-central-1 Root CA {kind} G1" for kind in ("ECC384", "RSA2048", "RSA4096")
    ]


def test_they_outlive_every_release():
    years = datetime.timedelta(days=3650)
    for root in x509.load_pem_x509_certificates(ROOTS.read_bytes()):
        assert root.not_valid_after_utc > datetime.datetime.now(datetime.UTC) + years


@pytest.mark.parametrize("stack", STACKS)
def test_every_stack_authenticates_its_server(stack):
    values = with_secrets(stack)
    config = parse(stack, as_engine(values), SECRET_KEYS)
    assert config.database.ssl_mode == "verify-full"
    assert config.database.ssl_root_cert == ROOTS.read_text().strip()


def test_local_stack_knows_its_own_authority():
    assert written("local")[DATABASE]["sslRootCert"] == {"fromFile": ".local/pki/ca.crt"}


def test_images_have_the_configured_authorities():
    dockerfile = (ROOT / "services" / "Dockerfile").read_text()
    assert f"<<EOF {DATABASE_AUTHORITIES}\n${{DATABASE_AUTHORITIES}}\nEOF\n" in dockerfile


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """The folder of an authority of the test's own, with a server's certificate."""
    folder = tmp_path_factory.mktemp("authority")
    Authority(folder).issue("server", named("server"), ["127.0.0.1"])
    return folder


def test_own_authority_is_accepted(own):
    text = (own / "ca.crt").read_text()
    assert certificates_of_authorities(text) == text
    assert names(text) == ["ca"]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda own: (own / "server.crt").read_text(),
        lambda own: (own / "ca.crt").read_text() + (own / "server.crt").read_text(),
        lambda own: (own / "ca.crt").read_text() + (own / "ca.key").read_text(),
        lambda own: (own / "ca.crt").read_text() * 2,
        lambda own: (own / "ca.crt").read_text().replace("M", "-"),
    ],
    ids=["a server", "a server besides", "a key besides", "one twice", "a damaged one"],
)
def test_what_is_no_authority_is_refused(own, wrong):
    with pytest.raises(ValueError, match="expected only certificates of authorities"):
        certificates_of_authorities(wrong(own))


def test_what_holds_no_certificate_is_refused():
    with pytest.raises(ValueError, match="expected only certificates of authorities"):
        certificates_of_authorities("-----BEGIN NOTHING-----")
    with pytest.raises(ValueError, match="expected only certificates of authorities"):
        certificates_of_authorities("text")


def refusal(**changes):
    values = with_secrets("dev")
    values[DATABASE] |= changes
    values[DATABASE] = {key: value for key, value in values[DATABASE].items() if value is not None}
    with pytest.raises(ConfigError) as refused:
        parse("dev", as_engine(values), SECRET_KEYS)
    return str(refused.value)


def test_missing_authorities_name_the_source():
    assert refusal(sslRootCert=None).startswith(
        f"Pulumi.dev.yaml: {PROJECT}:database is wrong: expected sslRootCert, because sslMode "
        "verify-full checks the server certificate: {fromFile: PATH} with its authorities, for RDS "
        "a file of stacks/authorities/rds, or the file that AWS publishes at "
        "https://truststore.pki.rds.amazonaws.com/REGION/REGION-bundle.pem; got "
    )


def test_authorities_that_nobody_asks_are_refused():
    assert "expected no sslRootCert: sslMode require checks no certificates" in refusal(
        sslMode="require"
    )


def test_rds_server_has_authorities_of_region(own):
    assert (
        "expected in sslRootCert the authorities of RDS in eu-central-1 and no other region, as "
        "AWS publishes them at https://truststore.pki.rds.amazonaws.com/eu-central-1/"
        "eu-central-1-bundle.pem; it has ca"
    ) in refusal(sslRootCert=(own / "ca.crt").read_text())


def test_rds_authorities_of_other_regions_fail(tmp_path):
    elsewhere = "Amazon RDS us-east-1 Root CA RSA2048 G1"
    Authority(tmp_path, elsewhere)
    both = ROOTS.read_text() + (tmp_path / "ca.crt").read_text()
    assert f"RSA4096 G1, {elsewhere}; got " in refusal(sslRootCert=both)


def test_own_authority_may_join_rds(own):
    values = with_secrets("dev")
    both = ROOTS.read_text() + (own / "ca.crt").read_text()
    values[DATABASE]["sslRootCert"] = both
    assert parse("dev", as_engine(values), SECRET_KEYS).database.ssl_root_cert == both
