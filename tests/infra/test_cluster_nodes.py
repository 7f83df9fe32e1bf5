import json

import botocore.session
import pytest

from infra.cluster_nodes import IMAGES, ClusterNodes, ClusterNodesArgs


@pytest.fixture
def nodes(deploy):
    args = ClusterNodesArgs(cluster_name="dev", subnet_ids=["a", "b"], architecture="arm64")
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
        "instanceTypes": ["t3.medium"],
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
