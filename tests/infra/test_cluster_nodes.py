import json

import botocore.session
import pytest

from infra.cluster_nodes import IMAGES, ClusterNodes, ClusterNodesArgs, architecture_of


@pytest.fixture
def nodes(deploy):
    args = ClusterNodesArgs(
        cluster_name="dev",
        subnet_ids=["a", "b"],
        architecture="arm64",
        instance_types=["t4g.medium", "m7gd.large"],
    )
    return deploy(lambda: ClusterNodes("dev-nodes", args))


def test_metadata_answers_tokens_alone_and_one_hop_far_and_disks_are_encrypted(nodes):
    assert nodes.one("aws:ec2/launchTemplate:LaunchTemplate").inputs == {
        "blockDeviceMappings": [
            {
                "deviceName": "/dev/xvda",
                "ebs": {
                    "volumeSize": 50,
                    "volumeType": "gp3",
                    "encrypted": "true",
                    "deleteOnTermination": "true",
                },
            }
        ],
        "metadataOptions": {
            "httpEndpoint": "enabled",
            "httpTokens": "required",
            "httpPutResponseHopLimit": 1,
        },
        "tagSpecifications": [
            {"resourceType": kind, "tags": {"Name": "dev-nodes"}} for kind in ("instance", "volume")
        ],
    }


def test_the_group_is_replaced_one_by_one_and_its_size_left_to_the_autoscaler(nodes):
    group = nodes.one("aws:eks/nodeGroup:NodeGroup")
    assert group.inputs == {
        "clusterName": "dev",
        "nodeRoleArn": nodes.one("aws:iam/role:Role").outputs["arn"],
        "subnetIds": ["a", "b"],
        "amiType": "AL2023_ARM_64_STANDARD",
        "instanceTypes": ["t4g.medium", "m7gd.large"],
        "scalingConfig": {"minSize": 2, "maxSize": 4, "desiredSize": 2},
        "updateConfig": {"maxUnavailable": 1},
        "nodeRepairConfig": {"enabled": True},
        "launchTemplate": {"id": "dev-nodes-id", "version": "1"},
    }
    assert group.ignore_changes == ("scalingConfig.desiredSize",)


def test_the_image_of_each_architecture_is_one_that_eks_knows():
    known = botocore.session.get_session().get_service_model("eks").shape_for("AMITypes").enum
    assert IMAGES.keys() == {"x86_64", "arm64"}
    assert {*IMAGES.values()} <= {*known}


def test_a_node_may_join_and_pull_images_and_no_more(nodes):
    role = nodes.one("aws:iam/role:Role")
    [trust] = json.loads(role.inputs["assumeRolePolicy"])["Statement"]
    assert trust["Principal"] == {"Service": "ec2.amazonaws.com"}
    attached = nodes.all("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
    assert [each.inputs["policyArn"].rpartition("/")[2] for each in attached] == [
        "AmazonEC2ContainerRegistryPullOnly",
        "AmazonEKSWorkerNodePolicy",
    ]
    for each in attached:
        assert (each.type, each.name) in nodes.one("aws:eks/nodeGroup:NodeGroup").depends_on
    assert nodes.all("aws:iam/rolePolicy:RolePolicy") == []


def test_a_group_of_the_default_architecture_runs_its_image(deploy):
    args = ClusterNodesArgs(cluster_name="dev", subnet_ids=["a", "b"])
    group = deploy(lambda: ClusterNodes("dev-nodes", args)).one("aws:eks/nodeGroup:NodeGroup")
    assert group.inputs["amiType"] == "AL2023_x86_64_STANDARD"
    assert group.inputs["instanceTypes"] == ["t3.medium"]


ARM64 = ("a1.large", "t4g.medium", "m7g.large", "m7gd.large", "c7gn.large", "r8g.large",
         "x2gd.large", "im4gn.large", "is4gen.large", "g5g.xlarge", "hpc7g.4xlarge")  # fmt: skip
X86_64 = ("t3.medium", "t3a.medium", "m7i.large", "m7i-flex.large", "m7a.large", "g5.xlarge",
          "g6e.xlarge", "g4dn.xlarge", "gr6.4xlarge", "c6in.large", "p5en.48xlarge",
          "x2iedn.large", "u-6tb1.56xlarge", "d3en.large")  # fmt: skip


def test_the_name_of_an_instance_type_tells_its_architecture():
    assert {each: architecture_of(each) for each in ARM64 + X86_64} == {
        **dict.fromkeys(ARM64, "arm64"),
        **dict.fromkeys(X86_64, "x86_64"),
    }


@pytest.mark.parametrize(
    ("architecture", "types", "said"),
    [
        (
            "arm64",
            ["t4g.medium", "t3.medium", "m7i.large"],
            "expected instance types of architecture arm64 in place of t3.medium, m7i.large; "
            "name such, or x86_64 as the architecture",
        ),
        (
            "x86_64",
            ["m7g.large"],
            "expected instance types of architecture x86_64 in place of m7g.large; "
            "name such, or arm64 as the architecture",
        ),
    ],
)
def test_nodes_of_another_architecture_are_refused(architecture, types, said):
    with pytest.raises(ValueError, match="^expected") as refused:
        ClusterNodesArgs(
            cluster_name="dev", subnet_ids=[], architecture=architecture, instance_types=types
        )
    assert str(refused.value) == said
