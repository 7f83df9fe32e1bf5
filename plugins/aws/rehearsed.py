"""Types of a new account, which only previews meet: nothing on this machine could make them."""

from functools import cache

from local.providers.aws.resource import AwsResource
from local.providers.errors import ProviderError
from local.providers.sdk import resource_schema
from local.providers.values import Properties

REHEARSED = frozenset(
    {
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        "aws:ec2/eip:Eip",
        "aws:ec2/flowLog:FlowLog",
        "aws:ec2/internetGateway:InternetGateway",
        "aws:ec2/launchTemplate:LaunchTemplate",
        "aws:ec2/natGateway:NatGateway",
        "aws:ec2/route:Route",
        "aws:ec2/routeTable:RouteTable",
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        "aws:ec2/subnet:Subnet",
        "aws:ec2/vpc:Vpc",
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        "aws:eks/accessEntry:AccessEntry",
        "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
        "aws:eks/addon:Addon",
        "aws:eks/cluster:Cluster",
        "aws:eks/nodeGroup:NodeGroup",
        "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
        "aws:iam/policy:Policy",
        "aws:s3/bucket:Bucket",
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        "aws:s3/bucketPolicy:BucketPolicy",
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "aws:s3/bucketVersioning:BucketVersioning",
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    }
)


class Rehearsed(AwsResource):
    """Takes every property that the SDK declares, and is never made."""

    token = ""
    regional = False  # a region is declared like all else
    served = frozenset()

    def create(self, inputs: Properties) -> str:
        raise ProviderError(
            f"{self.token} can only be previewed here; "
            "run `pulumi up` with the official plugin, against an account of AWS"
        )


@cache
def rehearsed_type(token: str) -> type[AwsResource]:
    served = frozenset(resource_schema("pulumi_aws", token).inputs)
    # What the program leaves out, AWS fills.
    given = {"token": token, "served": served, "computed": served - {"tags"}}
    return type(token.rpartition(":")[2], (Rehearsed,), given)
