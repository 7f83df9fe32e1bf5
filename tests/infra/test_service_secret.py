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


def test_pods_refer_to_a_secret_that_never_changes_and_is_named_anew_each_time(deployment):
    version = deployment.one(SECRET, "dev-db-secrets-version")
    assert version.inputs == {**CONTENT, "metadata": HEAD, "immutable": True}
    assert version.secrets == {"stringData"}


def test_readers_elsewhere_find_it_under_its_name_once_the_services_run_on_it(deployment):
    published = deployment.one(SECRET, "dev-db-secrets")
    assert published.inputs == {**CONTENT, "metadata": {**HEAD, "name": "dev-db-secrets"}}
    assert published.secrets == {"stringData"}
    assert ("test:Deployment", "service") in published.depends_on


def test_a_secret_that_nobody_elsewhere_reads_has_no_fixed_name(deploy):
    assert [r.name for r in deploy(make).all(SECRET)] == ["dev-db-secrets-version"]


def test_a_pod_gets_a_key_by_reference_and_others_as_a_secret(deployment):
    name = f"dev-db-secrets-version-{SUFFIX}"
    assert deployment.exports == {
        "reference": {"secretKeyRef": {"name": name, "key": "password"}},
        "value": "hunter2",
    }
    assert deployment.secret_exports == {"value"}


def test_a_key_that_is_not_in_the_secret_is_refused(deploy):
    with pytest.raises(KeyError, match="passwort"):
        deploy(lambda: make().key("passwort"))
