import json

import pytest

from infra.kubernetes_cluster import KubernetesCluster, KubernetesClusterArgs

CLUSTER = "aws:eks/cluster:Cluster"
ADDON = "aws:eks/addon:Addon"
ADDONS = {"coredns": "v1", "kube-proxy": "v2", "vpc-cni": "v3"}
ISSUER = "oidc.eks.eu-central-1.amazonaws.com/id/DEV"
PROVIDER = f"arn:aws:iam::123456789012:oidc-provider/{ISSUER}"
KEY = "arn:aws:kms:eu-central-1:123456789012:key/dev-secrets-1a2b3c4"


def args(**changed):
    given = {
        "account_id": "123456789012",
        "version": "1.36",
        "addons": ADDONS,
        "subnet_ids": ["subnet-a", "subnet-b"],
    }
    return KubernetesClusterArgs(**(given | changed))


@pytest.fixture
def cluster(deploy):
    return deploy(lambda: KubernetesCluster("dev", args(administrators={"ops": "arn:ops"})))


def test_the_api_is_private_secrets_are_encrypted_and_everything_is_logged(cluster):
    assert cluster.one(CLUSTER).inputs == {
        "name": "dev",
        "roleArn": cluster.one("aws:iam/role:Role", "dev").outputs["arn"],
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
        "deletionProtection": True,
        "upgradePolicy": {"supportType": "STANDARD"},
    }


def test_what_it_tells(cluster):
    assert cluster.one("herald:infra:KubernetesCluster").outputs == {
        "name": "dev",
        "endpoint": "https://dev.eks.amazonaws.com",
        "security_group_id": "sg-dev",
        "oidc_provider_arn": PROVIDER,
    }


def test_some_addresses_may_reach_it_from_outside(deploy):
    deployment = deploy(lambda: KubernetesCluster("dev", args(public_cidrs=["192.0.2.0/24"])))
    network = deployment.one(CLUSTER).inputs["vpcConfig"]
    assert network["endpointPublicAccess"] is True
    assert network["publicAccessCidrs"] == ["192.0.2.0/24"]


def test_its_logs_are_kept_as_long_as_told_and_made_before_it(cluster):
    logs = cluster.one("aws:cloudwatch/logGroup:LogGroup")
    assert logs.inputs == {"name": "/aws/eks/dev/cluster", "retentionInDays": 90}
    assert (logs.type, logs.name) in cluster.one(CLUSTER).depends_on


def test_the_control_plane_uses_its_key_and_no_other(cluster):
    policy = json.loads(cluster.one("aws:iam/rolePolicy:RolePolicy", "dev").inputs["policy"])
    assert policy["Statement"] == [
        {
            "Effect": "Allow",
            "Action": ["kms:Decrypt", "kms:Encrypt", "kms:DescribeKey", "kms:ListGrants"],
            "Resource": [KEY],
        }
    ]


def test_service_accounts_take_roles_by_its_provider(cluster):
    provider = cluster.one("aws:iam/openIdConnectProvider:OpenIdConnectProvider")
    assert provider.inputs == {
        "url": f"https://{ISSUER}",
        "clientIdLists": ["sts.amazonaws.com"],
    }


def test_addons_have_exact_versions_and_come_before_or_after_the_nodes(cluster):
    addons = {each.inputs["addonName"]: each for each in cluster.all(ADDON)}
    assert {name: each.inputs["addonVersion"] for name, each in addons.items()} == ADDONS
    group = cluster.one("aws:eks/nodeGroup:NodeGroup")
    for name in ("vpc-cni", "kube-proxy"):
        assert (ADDON, f"dev-{name}") in group.depends_on
    assert (group.type, group.name) in addons["coredns"].depends_on


def test_the_network_plugin_enforces_policies_with_a_role_of_its_own(cluster):
    role = cluster.one("aws:iam/role:Role", "dev-network")
    plugin = cluster.one(ADDON, "dev-vpc-cni").inputs
    assert json.loads(plugin["configurationValues"]) == {"enableNetworkPolicy": "true"}
    assert plugin["serviceAccountRoleArn"] == role.outputs["arn"]
    [trust] = json.loads(role.inputs["assumeRolePolicy"])["Statement"]
    assert trust["Principal"] == {"Federated": PROVIDER}
    assert trust["Condition"] == {
        "StringEquals": {
            f"{ISSUER}:aud": "sts.amazonaws.com",
            f"{ISSUER}:sub": "system:serviceaccount:kube-system:aws-node",
        }
    }
    assert "serviceAccountRoleArn" not in cluster.one(ADDON, "dev-coredns").inputs


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


def test_viewers_may_read_all_and_change_nothing(deploy):
    deployment = deploy(lambda: KubernetesCluster("dev", args(viewers={"drift": "arn:drift"})))
    policy = deployment.one("aws:eks/accessPolicyAssociation:AccessPolicyAssociation").inputs
    assert policy == {
        "clusterName": "dev",
        "principalArn": "arn:drift",
        "policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSAdminViewPolicy",
        "accessScope": {"type": "cluster"},
    }


def test_nodes_are_as_many_and_as_large_as_told(deploy):
    given = args(
        instance_types=["m7g.large"],
        architecture="arm64",
        least_nodes=3,
        most_nodes=9,
        disk=100,
    )
    deployment = deploy(lambda: KubernetesCluster("dev", given))
    group = deployment.one("aws:eks/nodeGroup:NodeGroup").inputs
    assert group["instanceTypes"] == ["m7g.large"]
    assert group["amiType"] == "AL2023_ARM_64_STANDARD"
    assert group["scalingConfig"] == {"minSize": 3, "maxSize": 9, "desiredSize": 3}
    [disk] = deployment.one("aws:ec2/launchTemplate:LaunchTemplate").inputs["blockDeviceMappings"]
    assert disk["ebs"]["volumeSize"] == 100


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {"public_cidrs": ["0.0.0.0/0"]},
            "A cluster's API must not be open to everyone, but public_cidrs has ['0.0.0.0/0'].",
        ),
        (
            {"addons": {"coredns": "v1"}},
            "A cluster needs a version of the add-ons vpc-cni, kube-proxy.",
        ),
    ],
)
def test_an_open_or_incomplete_cluster_is_refused(changed, said):
    with pytest.raises(ValueError, match="^A cluster") as refused:
        args(**changed)
    assert str(refused.value) == said


def test_nodes_of_another_architecture_are_refused_before_anything_is_made():
    with pytest.raises(ValueError, match="expected instance types of architecture x86_64"):
        args(instance_types=["m7g.large"])
