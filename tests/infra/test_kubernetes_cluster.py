import json

import pytest
from herald_infra.kubernetes_cluster import KubernetesCluster, KubernetesClusterArgs

from review.simulation.simulated_foundation import ACCOUNT_ANSWERS

CLUSTER = "aws:eks/cluster:Cluster"
ADDON = "aws:eks/addon:Addon"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
ROLE = "aws:iam/role:Role"
ISSUER = "oidc.eks.eu-central-1.amazonaws.com/id/DEV"
PROVIDER = f"arn:aws:iam::123456789012:oidc-provider/{ISSUER}"
KEY = "arn:aws:kms:eu-central-1:123456789012:key/dev-secrets-1a2b3c4"


def args(**changed):
    given = {
        "account_id": "123456789012",
        "region": "eu-central-1",
        "version": "1.36",
        "subnet_ids": ["subnet-a", "subnet-b"],
    }
    return KubernetesClusterArgs(**(given | changed))


@pytest.fixture
def made(deploy):
    """Run a program with a cluster of the given arguments."""
    return lambda **given: deploy(
        lambda: KubernetesCluster("dev", args(**given)), lookups=ACCOUNT_ANSWERS
    )


@pytest.fixture
def cluster(made):
    return made(administrators={"ops": "arn:ops"})


def test_api_is_private_encrypted_and_logged(cluster):
    assert cluster.one(CLUSTER).inputs == {
        "name": "dev",
        "roleArn": cluster.one(ROLE, "dev").outputs["arn"],
        "version": "1.36",
        "vpcConfig": {
            "subnetIds": ["subnet-a", "subnet-b"],
            "endpointPrivateAccess": True,
            "endpointPublicAccess": False,
        },
        "accessConfig": {
            "authenticationMode": "API",
            "bootstrapClusterCreatorAdminPermissions": False,
        },
        "encryptionConfig": {"provider": {"keyArn": KEY}, "resources": ["secrets"]},
        "enabledClusterLogTypes": [
            "api",
            "audit",
            "authenticator",
            "controllerManager",
            "scheduler",
        ],
        "bootstrapSelfManagedAddons": False,
        "computeConfig": {
            "enabled": True,
            "nodePools": ["system"],
            "nodeRoleArn": cluster.one(ROLE, "dev-nodes").outputs["arn"],
        },
        "kubernetesNetworkConfig": {"elasticLoadBalancing": {"enabled": True}},
        "storageConfig": {"blockStorage": {"enabled": True}},
        "deletionProtection": True,
        "upgradePolicy": {"supportType": "STANDARD"},
    }


def test_what_it_tells(cluster):
    assert cluster.one("herald:infra:KubernetesCluster").outputs == {
        "arn": "arn:aws:eks:eu-central-1:123456789012:cluster/dev",
        "name": "dev",
        "endpoint": "https://dev.eks.amazonaws.com",
        "security_group_id": "sg-dev",
        "oidc_provider_arn": PROVIDER,
    }


def test_named_networks_reach_the_public_endpoint(made):
    deployment = made(public_cidrs=["192.0.2.0/24"])
    network = deployment.one(CLUSTER).inputs["vpcConfig"]
    assert network["endpointPublicAccess"] is True
    assert network["publicAccessCidrs"] == ["192.0.2.0/24"]


def test_log_group_precedes_cluster_and_expires(cluster):
    logs = cluster.one("aws:cloudwatch/logGroup:LogGroup", "dev")
    assert logs.inputs == {"name": "/aws/eks/dev/cluster", "retentionInDays": 90}
    assert (logs.type, logs.name) in cluster.one(CLUSTER).depends_on


def test_control_plane_uses_only_its_key(cluster):
    policy = json.loads(cluster.one("aws:iam/rolePolicy:RolePolicy", "dev").inputs["policy"])
    assert policy["Statement"] == [
        {
            "Effect": "Allow",
            "Action": ["kms:Decrypt", "kms:Encrypt", "kms:DescribeKey", "kms:ListGrants"],
            "Resource": [KEY],
        }
    ]


def test_service_accounts_assume_roles_by_oidc(cluster):
    provider = cluster.one("aws:iam/openIdConnectProvider:OpenIdConnectProvider")
    assert provider.inputs == {
        "url": f"https://{ISSUER}",
        "clientIdLists": ["sts.amazonaws.com"],
    }


def test_policies_are_attached_before_the_cluster(cluster):
    attached = {each.name: each for each in cluster.all(ATTACHMENT)}
    assert {
        name: (each.inputs["role"], each.inputs["policyArn"].rpartition("/")[2])
        for name, each in attached.items()
    } == {
        "dev": ("dev-1a2b3c4", "AmazonEKSClusterPolicy"),
        "dev-compute": ("dev-1a2b3c4", "AmazonEKSComputePolicy"),
        "dev-storage": ("dev-1a2b3c4", "AmazonEKSBlockStoragePolicy"),
        "dev-balancing": ("dev-1a2b3c4", "AmazonEKSLoadBalancingPolicy"),
        "dev-networking": ("dev-1a2b3c4", "AmazonEKSNetworkingPolicy"),
        "dev-nodes-worker": ("dev-nodes-1a2b3c4", "AmazonEKSWorkerNodeMinimalPolicy"),
        "dev-nodes-images": ("dev-nodes-1a2b3c4", "AmazonEC2ContainerRegistryPullOnly"),
    }
    assert {(each.type, name) for name, each in attached.items()} <= {
        *cluster.one(CLUSTER).depends_on
    }


@pytest.mark.parametrize(
    ("name", "service", "actions"),
    [
        ("dev", "eks", ["sts:AssumeRole", "sts:TagSession"]),
        ("dev-nodes", "ec2", "sts:AssumeRole"),
    ],
)
def test_only_the_service_assumes_its_role(cluster, name, service, actions):
    [trust] = json.loads(cluster.one(ROLE, name).inputs["assumeRolePolicy"])["Statement"]
    assert trust == {
        "Effect": "Allow",
        "Principal": {"Service": f"{service}.amazonaws.com"},
        "Action": actions,
    }


def test_metrics_server_runs_on_system_nodes(cluster):
    assert cluster.one(ADDON, "dev-metrics-server").inputs == {
        "addonName": "metrics-server",
        "addonVersion": "v1.2.3-eksbuild.4",
        "clusterName": "dev",
        "configurationValues": json.dumps(
            {"tolerations": [{"key": "CriticalAddonsOnly", "operator": "Exists"}]}
        ),
        "resolveConflictsOnCreate": "OVERWRITE",
        "resolveConflictsOnUpdate": "OVERWRITE",
    }


def test_container_logs_expire_like_others(made):
    groups = made(log_days=30).all("aws:cloudwatch/logGroup:LogGroup")
    assert {each.inputs["name"]: each.inputs["retentionInDays"] for each in groups} == {
        "/aws/eks/dev/cluster": 30,
        "/aws/containerinsights/dev/application": 30,
        "/aws/containerinsights/dev/dataplane": 30,
        "/aws/containerinsights/dev/host": 30,
    }


def test_only_those_named_get_in(cluster):
    entry = cluster.one("aws:eks/accessEntry:AccessEntry").inputs
    assert entry == {"clusterName": "dev", "principalArn": "arn:ops"}
    policy = cluster.one("aws:eks/accessPolicyAssociation:AccessPolicyAssociation").inputs
    assert policy == {
        "clusterName": "dev",
        "principalArn": "arn:ops",
        "policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
        "accessScope": {"type": "cluster"},
    }


def test_viewers_read_all_and_change_nothing(made):
    deployment = made(viewers={"drift": "arn:drift"})
    policy = deployment.one("aws:eks/accessPolicyAssociation:AccessPolicyAssociation").inputs
    assert policy == {
        "clusterName": "dev",
        "principalArn": "arn:drift",
        "policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSAdminViewPolicy",
        "accessScope": {"type": "cluster"},
    }


def test_an_open_cluster_is_refused():
    with pytest.raises(ValueError, match="^`public_cidrs`") as refused:
        args(public_cidrs=["0.0.0.0/0"])
    assert str(refused.value) == (
        "`public_cidrs` must not open the cluster's API to every address; remove 0.0.0.0/0."
    )
