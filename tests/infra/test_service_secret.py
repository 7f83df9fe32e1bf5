import pulumi
import pytest
from herald_infra.service_secret import ServiceSecret, ServiceSecretArgs

from review.simulation.simulated_outputs import SUFFIX

SECRET = "kubernetes:core/v1:Secret"
CONTENT = {
    "apiVersion": "v1",
    "kind": "Secret",
    "type": "Opaque",
    "stringData": {"user": "app", "password": "hunter2"},
}
HEAD = {"namespace": "development", "labels": {"part": "x"}}


def make(password="hunter2"):
    args = ServiceSecretArgs(
        namespace="development", labels={"part": "x"}, data={"user": "app", "password": password}
    )
    return ServiceSecret("dev-db-secrets", args)


@pytest.fixture
def deployment(deploy):
    def program():
        secret = make()
        rolled_out = pulumi.CustomResource("test:Deployment", "service", {})
        secret.publish(after=[rolled_out])
        pulumi.export("reference", secret.key("password").reference())
        pulumi.export("value", secret.key("password").value)

    return deploy(program)


def test_new_values_create_another_immutable_secret(deployment):
    version = deployment.one(SECRET, "dev-db-secrets-version")
    assert version.inputs == {**CONTENT, "metadata": HEAD, "immutable": True}
    assert version.secrets == {"stringData"}


def test_shared_secret_changes_after_the_rollout(deployment):
    published = deployment.one(SECRET, "dev-db-secrets")
    assert published.inputs == {**CONTENT, "metadata": {**HEAD, "name": "dev-db-secrets"}}
    assert published.secrets == {"stringData"}
    assert ("test:Deployment", "service") in published.depends_on


def test_unshared_secret_has_no_fixed_name(deploy):
    assert [r.name for r in deploy(make).all(SECRET)] == ["dev-db-secrets-version"]


def test_pod_gets_keys_by_reference(deployment):
    name = f"dev-db-secrets-version-{SUFFIX}"
    assert deployment.exports == {
        "reference": {"secretKeyRef": {"name": name, "key": "password"}},
        "value": "hunter2",
    }
    assert deployment.secret_exports == {"value"}


def test_unknown_key_of_secret_is_refused(deploy):
    with pytest.raises(KeyError, match="passwort"):
        deploy(lambda: make().key("passwort"))
