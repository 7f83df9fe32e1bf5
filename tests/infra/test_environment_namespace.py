import pytest
from herald_infra.environment_namespace import (
    Destination,
    EnvironmentNamespace,
    EnvironmentNamespaceArgs,
)

POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
ARGS = EnvironmentNamespaceArgs(
    namespace="development",
    labels={"app.kubernetes.io/part-of": "herald"},
    quota={"pods": "40", "limits.memory": "16Gi"},
    default_requests={"cpu": "100m", "memory": "128Mi"},
    default_limits={"cpu": "1", "memory": "256Mi"},
    destinations=[
        Destination(cidr="10.10.0.0/16", ports=[5432]),
        Destination(cidr="0.0.0.0/0", ports=[443, 587], excluded=["169.254.169.254/32"]),
    ],
)


@pytest.fixture
def deployment(deploy):
    return deploy(lambda: EnvironmentNamespace("development", ARGS))


def test_only_restricted_pods_are_admitted(deployment):
    assert deployment.one("kubernetes:core/v1:Namespace").inputs == {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": "development",
            "labels": {
                "app.kubernetes.io/part-of": "herald",
                "pod-security.kubernetes.io/enforce": "restricted",
                "pod-security.kubernetes.io/audit": "restricted",
                "pod-security.kubernetes.io/warn": "restricted",
            },
        },
    }


def test_quota_limits_all_pods_together(deployment):
    quota = deployment.one("kubernetes:core/v1:ResourceQuota", "development-quota").inputs
    assert quota["metadata"]["namespace"] == "development"
    assert quota["spec"] == {"hard": {"pods": "40", "limits.memory": "16Gi"}}


def test_container_without_resources_gets_defaults(deployment):
    limits = deployment.one("kubernetes:core/v1:LimitRange").inputs
    assert limits["spec"] == {
        "limits": [
            {
                "type": "Container",
                "defaultRequest": {"cpu": "100m", "memory": "128Mi"},
                "default": {"cpu": "1", "memory": "256Mi"},
            }
        ]
    }


def test_network_policies_admit_dns_and_destinations(deployment):
    policies = {p.inputs["metadata"]["name"]: p.inputs["spec"] for p in deployment.all(POLICY)}
    assert policies == {
        "deny-by-default": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
        "allow-names": {
            "podSelector": {},
            "policyTypes": ["Egress"],
            "egress": [
                {"ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]}
            ],
        },
        "allow-destinations": {
            "podSelector": {},
            "policyTypes": ["Egress"],
            "egress": [
                {
                    "to": [{"ipBlock": {"cidr": "10.10.0.0/16"}}],
                    "ports": [{"protocol": "TCP", "port": 5432}],
                },
                {
                    "to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["169.254.169.254/32"]}}],
                    "ports": [
                        {"protocol": "TCP", "port": 443},
                        {"protocol": "TCP", "port": 587},
                    ],
                },
            ],
        },
    }


def test_without_destinations_no_policy_opens_one(deploy):
    closed = EnvironmentNamespaceArgs(
        namespace="n", quota={}, default_requests={}, default_limits={}
    )
    deployment = deploy(lambda: EnvironmentNamespace("n", closed))
    names = [policy.name for policy in deployment.all(POLICY)]
    assert names == ["n-allow-names", "n-deny-by-default"]


def test_objects_wait_for_the_namespace(deployment):
    quota = deployment.one("kubernetes:core/v1:ResourceQuota")
    assert quota.parent == ("herald:infra:EnvironmentNamespace", "development")
    assert quota.depends_on == (("kubernetes:core/v1:Namespace", "development"),)
    component = deployment.one("herald:infra:EnvironmentNamespace", "development")
    assert component.outputs == {"name": "development"}
