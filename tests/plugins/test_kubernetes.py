"""Objects of Kubernetes as a preview plans them, without a cluster."""

import re
from typing import Any

import pytest

from plugins.values import UNKNOWN

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
SECRET = "kubernetes:core/v1:Secret"
CONTAINER = {"name": "api", "image": "api@sha256:1", "ports": [{"containerPort": 80}]}


def deployment(**container: Any) -> dict[str, Any]:
    labels = {"app": "api"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "api", "namespace": "prod"},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{**CONTAINER, **container}]},
            },
        },
    }


def test_inputs_stay_unchanged(kubernetes: Any) -> None:
    assert kubernetes.checked(DEPLOYMENT, "api", deployment()) == {
        **deployment(),
        "__defaults": [],
    }


def test_status_is_unknown_before_an_update(kubernetes: Any) -> None:
    planned = kubernetes.preview(DEPLOYMENT, "api", deployment())
    assert planned == {**deployment(), "status": UNKNOWN}


def test_nameless_objects_get_eight_digits(kubernetes: Any) -> None:
    given = {"metadata": {"namespace": "prod", "annotations": {"a": "b"}}}
    metadata = kubernetes.checked(SECRET, "push", given)["metadata"]
    assert re.fullmatch(r"push-[0-9a-f]{8}", metadata.pop("name"))
    assert metadata == {
        "namespace": "prod",
        "annotations": {"a": "b", "pulumi.com/autonamed": "true"},
    }


def test_made_names_stay(kubernetes: Any) -> None:
    given = {"metadata": {"namespace": "prod"}}
    made = kubernetes.checked(SECRET, "push", given)
    assert kubernetes.checked(SECRET, "push", given, made) == made


def test_text_of_secrets_becomes_data(kubernetes: Any) -> None:
    given = {"metadata": {"name": "push"}, "stringData": {"key": "value"}, "data": {"old": "YQ=="}}
    assert kubernetes.checked(SECRET, "push", given)["data"] == {"key": "dmFsdWU=", "old": "YQ=="}


def test_text_of_secrets_awaits_unknown_values(kubernetes: Any) -> None:
    given = {"metadata": {"name": "push"}, "stringData": {"key": UNKNOWN}}
    assert kubernetes.checked(SECRET, "push", given)["stringData"] == {"key": UNKNOWN}


@pytest.mark.parametrize(
    ("container", "sentence"),
    [
        ({"imagee": "x"}, 'containers[0] has no property "imagee"; did you mean "image"?'),
        ({"ports": [{"containerPort": "80"}]}, "must be a whole number; got '80'"),
        ({"livenessProbe": {"httpGet": {}}}, 'needs the property "port"; set it'),
        ({"securityContext": {"runAsRoot": True}}, 'has no property "runAsRoot"'),
    ],
)
def test_misspelt_properties_are_refused(
    kubernetes: Any, container: dict[str, Any], sentence: str
) -> None:
    _, failures = kubernetes.check(DEPLOYMENT, "api", deployment(**container))
    [reason] = failures.values()
    assert sentence in reason


def test_version_and_kind_must_match(kubernetes: Any) -> None:
    _, failures = kubernetes.check(DEPLOYMENT, "api", {**deployment(), "apiVersion": "apps/v2"})
    assert failures == {
        "apiVersion": f'{DEPLOYMENT} "apiVersion" must be "apps/v1"; got \'apps/v2\''
    }


def test_unknown_types_are_refused(kubernetes: Any) -> None:
    with pytest.raises(Exception, match="no resource type kubernetes:apps/v1:Deploiment; correct"):
        kubernetes.check("kubernetes:apps/v1:Deploiment", "api", {})


@pytest.mark.parametrize(
    "token",
    [
        "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute",
        "kubernetes:networking.istio.io/v1:Gateway",
        "kubernetes:eks.amazonaws.com/v1:NodeClass",
    ],
)
def test_custom_resources_are_taken_as_given(kubernetes: Any, token: str) -> None:
    given = {"metadata": {"name": "api"}, "spec": {"anything": [1]}}
    assert kubernetes.preview(token, "api", given) == given


def test_no_object_is_made(kubernetes: Any) -> None:
    with pytest.raises(Exception, match=f"can only preview {DEPLOYMENT}"):
        kubernetes.create(DEPLOYMENT, "api", **deployment())


def test_a_misspelt_setting_is_refused(kubernetes: Any) -> None:
    with pytest.raises(Exception, match='has no property "contxt"; did you mean "context"'):
        kubernetes.configure(contxt="prod")
    kubernetes.configure(context="prod")
