import pytest
from herald_infra.cluster_nodes import ClusterNodes, ClusterNodesArgs


@pytest.fixture
def nodes(deploy):
    args = ClusterNodesArgs(labels={"part": "herald"}, architectures=["arm64"], most_cpus=16)
    return deploy(lambda: ClusterNodes("dev-nodes", args))


def test_cluster_enforces_network_policies(nodes):
    assert nodes.one("kubernetes:core/v1:ConfigMap").inputs == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": "amazon-vpc-cni",
            "namespace": "kube-system",
            "labels": {"part": "herald"},
        },
        "data": {"enable-network-policy-controller": "true"},
    }


def test_nodes_fit_images_within_a_limit(nodes):
    pool = nodes.one("kubernetes:karpenter.sh/v1:NodePool").inputs
    assert pool["metadata"] == {"name": "dev-nodes", "labels": {"part": "herald"}}
    assert pool["spec"] == {
        "template": {
            "spec": {
                "nodeClassRef": {
                    "group": "eks.amazonaws.com",
                    "kind": "NodeClass",
                    "name": "default",
                },
                "requirements": [
                    {"key": "kubernetes.io/arch", "operator": "In", "values": ["arm64"]},
                    {
                        "key": "karpenter.sh/capacity-type",
                        "operator": "In",
                        "values": ["on-demand"],
                    },
                    {
                        "key": "eks.amazonaws.com/instance-category",
                        "operator": "In",
                        "values": ["c", "m", "r"],
                    },
                    {
                        "key": "eks.amazonaws.com/instance-generation",
                        "operator": "Gt",
                        "values": ["4"],
                    },
                ],
                "expireAfter": "336h",
                "terminationGracePeriod": "24h",
            }
        },
        "disruption": {
            "consolidationPolicy": "WhenEmptyOrUnderutilized",
            "consolidateAfter": "1m",
            "budgets": [{"nodes": "1"}],
        },
        "limits": {"cpu": "16"},
    }


def test_nodes_without_an_architecture_are_refused():
    with pytest.raises(ValueError, match="^`architectures` must contain at least one architecture"):
        ClusterNodesArgs(architectures=[], most_cpus=2)
