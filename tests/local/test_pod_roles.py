import json
import os
from dataclasses import replace
from typing import Any

import pytest

from local import pod_roles
from local.environment import Environment
from local.errors import LocalError
from local.supervisor import Process

GROUP = "admissionregistration.k8s.io"
KEYS = [{"kid": "1", "kty": "RSA"}]


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The documents of a cluster by path, and the objects that were applied to it."""
    answers: dict[str, Any] = {
        "/.well-known/openid-configuration": {"issuer": "https://cluster", "jwks_uri": "…"},
        "/openid/v1/jwks": {"keys": KEYS},
    }

    def kubectl(_: Environment, *arguments: str, text: str | None = None) -> str:
        if arguments[0] == "get":
            return json.dumps(answers[arguments[2]])
        answers["applied"] = text
        return ""

    monkeypatch.setattr(pod_roles, "kubectl", kubectl)
    return answers


def serve(cluster: dict[str, Any], **resources: list[str]) -> None:
    versions = [{"version": version} for version in resources]
    cluster["/apis"] = {"groups": [{"name": "apps"}, {"name": GROUP, "versions": versions}]}
    for version, names in resources.items():
        listed = [{"name": name} for name in names]
        cluster[f"/apis/{GROUP}/{version}"] = {"resources": listed}


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ({"v1": ["mutatingadmissionpolicies"]}, "v1"),
        ({"v1": [], "v1beta1": ["mutatingadmissionpolicies"]}, "v1beta1"),
        (
            {"v1beta1": ["mutatingadmissionpolicies"], "v1": ["mutatingadmissionpolicies"]},
            "v1",
        ),
    ],
)
def test_cluster_gives_pods_their_roles(cluster, tmp_path, resources, expected):
    serve(cluster, **resources)
    pod_roles.prepare(Environment(tmp_path))
    assert json.loads((tmp_path / "cluster-issuer.json").read_text()) == {
        "issuer": "https://cluster",
        "keys": KEYS,
    }
    assert cluster["applied"].count(f"apiVersion: {GROUP}/{expected}\n") == 2


def test_roles_are_given_once_a_run(cluster, tmp_path):
    serve(cluster, v1=["mutatingadmissionpolicies"])
    apiserver = Process("apiserver", "Running", True, 0, os.getpid(), 0, 1.0)
    pod_roles.prepare(Environment(tmp_path), apiserver)
    assert cluster.pop("applied")
    pod_roles.prepare(Environment(tmp_path), apiserver)
    assert "applied" not in cluster
    pod_roles.prepare(Environment(tmp_path), replace(apiserver, pid=os.getppid()))
    assert cluster.pop("applied")
    pod_roles.prepare(Environment(tmp_path))  # with a cluster of the user
    assert cluster["applied"]


def test_old_cluster_is_refused(cluster, tmp_path):
    serve(cluster, v1=["validatingadmissionpolicies"])
    with pytest.raises(LocalError, match=r"use Kubernetes 1\.36 or newer"):
        pod_roles.prepare(Environment(tmp_path))
