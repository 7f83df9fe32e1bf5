"""What planned resources cost in a month."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from preview.plan import PlannedResource
from preview.prices import Prices, Usage
from preview.rates import RATES, NoPrice, Part

__all__ = ["FREE", "RATES", "Bill", "Cost", "Part", "assumptions", "bill", "cost"]

# Pods run on nodes that are there anyway; images are pushed to repositories that are billed.
FREE_PACKAGES = ("docker-build", "kubernetes", "pulumi", "random")
FREE = frozenset(
    {
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        "aws:ec2/flowLog:FlowLog",
        "aws:ec2/internetGateway:InternetGateway",
        "aws:ec2/launchTemplate:LaunchTemplate",
        "aws:ec2/route:Route",
        "aws:ec2/routeTable:RouteTable",
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        "aws:ec2/securityGroup:SecurityGroup",
        "aws:ec2/subnet:Subnet",
        "aws:ec2/vpc:Vpc",
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        "aws:ecr/lifecyclePolicy:LifecyclePolicy",
        "aws:ecr/repositoryPolicy:RepositoryPolicy",
        "aws:eks/accessEntry:AccessEntry",
        "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
        "aws:eks/addon:Addon",
        "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
        "aws:iam/policy:Policy",
        "aws:iam/role:Role",
        "aws:iam/rolePolicy:RolePolicy",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "aws:kms/alias:Alias",
        "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
        "aws:lambda/permission:Permission",
        "aws:rds/parameterGroup:ParameterGroup",
        "aws:rds/subnetGroup:SubnetGroup",
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        "aws:s3/bucketPolicy:BucketPolicy",
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "aws:s3/bucketVersioning:BucketVersioning",
        "aws:ses/domainDkim:DomainDkim",
        "aws:ses/domainIdentity:DomainIdentity",
        "aws:ses/emailIdentity:EmailIdentity",
        "aws:ses/eventDestination:EventDestination",
        "aws:ses/template:Template",
        "aws:sns/topic:Topic",
        "aws:sns/topicPolicy:TopicPolicy",
        "aws:sqs/queuePolicy:QueuePolicy",
        "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy",
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    }
)


@dataclass(frozen=True)
class Cost:
    name: str
    type: str
    parts: tuple[Part, ...]

    @property
    def monthly(self) -> Decimal:
        return sum((part.monthly for part in self.parts), Decimal(0))


@dataclass(frozen=True)
class Bill:
    costs: tuple[Cost, ...]
    unpriced: tuple[str, ...]  # what is not in the total, and why

    @property
    def monthly(self) -> Decimal:
        return sum((cost.monthly for cost in self.costs), Decimal(0))


def bill(resources: Sequence[PlannedResource], prices: Prices, usage: Usage) -> Bill:
    costs: list[Cost] = []
    unpriced: list[str] = []
    for each in resources:
        if each.type in FREE or each.type.partition(":")[0] in FREE_PACKAGES:
            continue
        try:
            costs.append(cost(each, prices, usage))
        except NoPrice as missing:
            unpriced.append(f"{each.name}: no price known for {missing}")
    costs.sort(key=lambda each: (-each.monthly, each.name))
    return Bill(tuple(costs), tuple(unpriced))


def cost(resource: PlannedResource, prices: Prices, usage: Usage) -> Cost:
    if (rates := RATES.get(resource.type)) is None:
        raise NoPrice(resource.type)
    return Cost(resource.name, resource.type, tuple(rates(resource.inputs, prices, usage)))


def source_line(prices: Prices) -> str:
    if prices.checked:
        return f"Compared with {prices.source}."
    return (
        "An estimate: the prices were written down by hand and not compared with AWS's list; "
        f"check before you rely on it: {prices.source}."
    )


def assumptions(prices: Prices, usage: Usage) -> list[str]:
    return [
        f"Prices of {prices.as_of.isoformat()} in {prices.currency} for {prices.region}, "
        "before taxes, discounts and free tiers.",
        source_line(prices),
        f"{usage.reminders:,} changes of reminders and {usage.notifications:,} notifications "
        f"a month, {usage.email_share:.0%} of them by e-mail.",
        f"{usage.nat_gb:,} GB a month through each NAT gateway, {usage.disk_gb:,} GB of disk in "
        "each node, and no more nodes than there are at least.",
        f"{usage.event_gb:,} GB of remembered events, {usage.log_gb:,} GB of logs a month in "
        "each log group.",
        "Pods run on nodes that the cluster has anyway; traffic between zones is not counted.",
        "Backups within the size of the database and 7 days of insights are free.",
    ]
