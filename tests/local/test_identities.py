import json
import stat

import pytest
from cryptography import x509

from local.environment import Environment
from local.identities import make_cluster_identities, make_secrets


@pytest.fixture
def environment(tmp_path):
    environment = Environment(tmp_path)
    make_cluster_identities(environment)
    make_secrets(environment)
    return environment


def test_keys_tokens_and_secrets_are_private(environment):
    private = [
        *environment.state.rglob("*.key"),
        *environment.state.rglob("*.kubeconfig"),
        *(environment.state / "secrets").iterdir(),
        environment.state / "pki" / "tokens.csv",
    ]
    assert {stat.S_IMODE(file.stat().st_mode) for file in private} == {0o600}


def test_components_have_identities_of_kubernetes(environment):
    rows = (environment.state / "pki" / "tokens.csv").read_text().splitlines()
    identities = {tuple(row.split(",")[1:]) for row in rows}
    assert identities == {
        ("admin", "admin", '"system:masters"'),
        ("system:kube-controller-manager", "controller-manager", '""'),
        ("system:kube-scheduler", "scheduler", '""'),
        ("system:kube-proxy", "proxy", '""'),
        ("system:node:local", "kubelet", '"system:nodes"'),
    }


def test_apiserver_is_trusted_through_the_authority(environment):
    pki = environment.state / "pki"
    authority = x509.load_pem_x509_certificate((pki / "ca.crt").read_bytes())
    server = x509.load_pem_x509_certificate((pki / "apiserver.crt").read_bytes())
    server.verify_directly_issued_by(authority)
    names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert {str(a) for a in names.get_values_for_type(x509.IPAddress)} == {
        "127.0.0.1", "10.244.0.1", "10.96.0.1",
    }  # fmt: skip


@pytest.mark.parametrize("address", ["172.18.0.1", "host.docker.internal"])
def test_database_certificate_names_pods_address(tmp_path, address):
    make_cluster_identities(Environment(tmp_path, host_address=address))
    server = x509.load_pem_x509_certificate((tmp_path / "pki" / "postgres.crt").read_bytes())
    names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    known = {str(each.value) for each in names}
    assert known == {
        "localhost", "kubernetes.default.svc", "local", "127.0.0.1", "10.244.0.1", "10.96.0.1",
        address,
    }  # fmt: skip


def test_fcm_credentials_name_the_inbox(environment):
    credentials = json.loads(environment.secret("fcm-credentials.json").read_text())
    assert credentials["token_uri"] == "http://10.244.0.1:8025/token"
    assert credentials["private_key"].startswith("-----BEGIN PRIVATE KEY-----")
