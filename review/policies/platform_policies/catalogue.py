"""Lists every rule and the types of resources that the rules know."""

from collections.abc import Iterator

from platform_policies import (
    access,
    buckets,
    cluster,
    eks,
    email,
    functions,
    messaging,
    network,
    protection,
    storage,
    workloads,
)
from platform_policies.resource import Resource
from platform_policies.rule import Rule

REQUIRED_TAGS = ("system", "environment", "owner")

# Types with tags in the SDK must have them.
TAGGED = frozenset(
    {
        "aws:acm/certificate:Certificate",
        "aws:amp/ruleGroupNamespace:RuleGroupNamespace",
        "aws:amp/scraper:Scraper",
        "aws:amp/workspace:Workspace",
        "aws:cloudwatch/logGroup:LogGroup",
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        "aws:dynamodb/table:Table",
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        "aws:ec2/eip:Eip",
        "aws:ec2/flowLog:FlowLog",
        "aws:ec2/internetGateway:InternetGateway",
        "aws:ec2/natGateway:NatGateway",
        "aws:ec2/routeTable:RouteTable",
        "aws:ec2/securityGroup:SecurityGroup",
        "aws:ec2/subnet:Subnet",
        "aws:ec2/vpc:Vpc",
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        "aws:ecr/repository:Repository",
        "aws:eks/accessEntry:AccessEntry",
        "aws:eks/addon:Addon",
        "aws:eks/cluster:Cluster",
        "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
        "aws:iam/policy:Policy",
        "aws:iam/role:Role",
        "aws:iam/user:User",
        "aws:kms/key:Key",
        "aws:lambda/function:Function",
        "aws:rds/instance:Instance",
        "aws:rds/parameterGroup:ParameterGroup",
        "aws:rds/subnetGroup:SubnetGroup",
        "aws:s3/bucket:Bucket",
        "aws:sns/topic:Topic",
        "aws:sqs/queue:Queue",
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    }
)
# Types that a rule checks, or that need no rule.
UNTAGGED = frozenset(
    {
        "aws:acm/certificateValidation:CertificateValidation",
        "aws:amp/alertManagerDefinition:AlertManagerDefinition",
        "aws:cloudwatch/dashboard:Dashboard",
        "aws:ec2/route:Route",
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        "aws:ecr/lifecyclePolicy:LifecyclePolicy",
        "aws:ecr/repositoryPolicy:RepositoryPolicy",
        "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
        "aws:iam/accessKey:AccessKey",
        "aws:iam/groupPolicy:GroupPolicy",
        "aws:iam/groupPolicyAttachment:GroupPolicyAttachment",
        "aws:iam/rolePolicy:RolePolicy",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "aws:iam/userLoginProfile:UserLoginProfile",
        "aws:iam/userPolicy:UserPolicy",
        "aws:iam/userPolicyAttachment:UserPolicyAttachment",
        "aws:kms/alias:Alias",
        "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
        "aws:lambda/functionUrl:FunctionUrl",
        "aws:lambda/permission:Permission",
        "aws:route53/record:Record",
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        "aws:s3/bucketPolicy:BucketPolicy",
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "aws:s3/bucketVersioning:BucketVersioning",
        "aws:scheduler/schedule:Schedule",
        "aws:ses/configurationSet:ConfigurationSet",
        "aws:ses/domainDkim:DomainDkim",
        "aws:ses/domainIdentity:DomainIdentity",
        "aws:ses/emailIdentity:EmailIdentity",
        "aws:ses/eventDestination:EventDestination",
        "aws:ses/identityPolicy:IdentityPolicy",
        "aws:ses/template:Template",
        "aws:sns/topicPolicy:TopicPolicy",
        "aws:sns/topicSubscription:TopicSubscription",
        "aws:sqs/queuePolicy:QueuePolicy",
        "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy",
    }
)
ELSEWHERE = frozenset(
    {
        *workloads.WORKLOADS,
        *cluster.ROLES,
        "kubernetes:autoscaling/v2:HorizontalPodAutoscaler",
        "kubernetes:core/v1:ConfigMap",
        "kubernetes:karpenter.sh/v1:NodePool",
        "kubernetes:core/v1:LimitRange",
        "kubernetes:core/v1:Namespace",
        "kubernetes:core/v1:ResourceQuota",
        "kubernetes:core/v1:Secret",
        "kubernetes:core/v1:Service",
        "kubernetes:core/v1:ServiceAccount",
        "kubernetes:networking.k8s.io/v1:Ingress",
        "kubernetes:networking.k8s.io/v1:IngressClass",
        "kubernetes:networking.k8s.io/v1:NetworkPolicy",
        "kubernetes:policy/v1:PodDisruptionBudget",
        "docker-build:index:Image",
        "random:index/randomPassword:RandomPassword",
        "random:index/randomString:RandomString",
    }
)
KNOWN = TAGGED | UNTAGGED | ELSEWHERE
WITHOUT_SUBSTANCE = ("pulumi:", "herald:")  # stacks, providers and components


def tagged(resource: Resource) -> Iterator[str]:
    if missing := [tag for tag in REQUIRED_TAGS if not resource.tags.get(tag)]:
        yield f"tags lack {', '.join(missing)}; set them in aws:defaultTags"


def known(resource: Resource) -> Iterator[str]:
    if resource.type not in KNOWN and not resource.type.startswith(WITHOUT_SUBSTANCE):
        yield f"no rule knows {resource.type}; add it to the catalogue with the rules it needs"


RULES = [
    *messaging.RULES,
    *storage.RULES,
    *email.RULES,
    *functions.RULES,
    *access.RULES,
    *cluster.RULES,
    *workloads.RULES,
    *network.RULES,
    *eks.RULES,
    *buckets.RULES,
    *protection.RULES,
    Rule(
        name="tagged",
        reason="Without tags nobody can tell whose a resource is, or what it costs whom.",
        types=tuple(sorted(TAGGED)),
        check=tagged,
    ),
    Rule(
        name="type-known",
        reason="What no rule has looked at has not passed.",
        types=(),
        check=known,
        level="advisory",
    ),
]
