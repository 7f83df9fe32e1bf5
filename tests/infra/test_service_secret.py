import pulumi
import pytest

from infra.service_secret import ServiceSecret, ServiceSecretArgs

SECRET = "kubernetes:core/v1:Secret"


def make(password="hunter2"):
    args = ServiceSecretArgs(
        namespace="development", labels={"part": "x"}, data={"user": "app", "password": password}
    )
    return ServiceSecret("dev-db-secrets", args)


@pytest.fixture
def deployment(deploy):
    def program():
        key = make().key("password")
        pulumi.export("reference", key.reference())
        pulumi.export("value", key.value)

    return deploy(program)


def test_the_secret_has_its_contracted_name_and_its_values_are_secret(deployment):
    secret = deployment.one(SECRET, "dev-db-secrets")
    assert secret.inputs == {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "dev-db-secrets", "namespace": "development", "labels": {"part": "x"}},
        "type": "Opaque",
        "stringData": {"user": "app", "password": "hunter2"},
    }
    assert secret.secrets == {"stringData"}


def test_a_pod_gets_a_key_by_reference_and_others_as_a_secret(deployment):
    assert deployment.exports == {
        "reference": {"secretKeyRef": {"name": "dev-db-secrets", "key": "password"}},
        "value": "hunter2",
    }
    assert deployment.secret_exports == {"value"}


def test_a_key_that_is_not_in_the_secret_is_refused(deploy):
    with pytest.raises(KeyError, match="passwort"):
        deploy(lambda: make().key("passwort"))
