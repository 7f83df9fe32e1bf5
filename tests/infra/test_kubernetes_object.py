from importlib.metadata import version

import pytest
from herald_infra.kubernetes_object import KubernetesObject, fixed_metadata, sdk_version


@pytest.mark.parametrize(
    ("api", "kind", "token"),
    [
        ("v1", "Service", "kubernetes:core/v1:Service"),
        ("apps/v1", "Deployment", "kubernetes:apps/v1:Deployment"),
        (
            "networking.k8s.io/v1",
            "NetworkPolicy",
            "kubernetes:networking.k8s.io/v1:NetworkPolicy",
        ),
    ],
)
def test_manifest_has_the_official_type_token(deploy, api, kind, token):
    head = fixed_metadata("web", "development", {"app": "web"})
    deployment = deploy(
        lambda: KubernetesObject("web", api=api, kind=kind, metadata=head, body={"spec": {"a": 1}})
    )
    assert deployment.one(token, "web").inputs == {
        "apiVersion": api,
        "kind": kind,
        "metadata": {"name": "web", "namespace": "development", "labels": {"app": "web"}},
        "spec": {"a": 1},
    }


def test_name_of_object_is_an_output(deploy):
    head = fixed_metadata("web", "development", {})
    deployment = deploy(
        lambda: KubernetesObject("x", api="v1", kind="Service", metadata=head, body={}).object_name
    )
    assert deployment.one("kubernetes:core/v1:Service").outputs["metadata"]["name"] == "web"


def test_plugin_matches_the_installed_sdk():
    assert sdk_version() == version("pulumi-kubernetes")
