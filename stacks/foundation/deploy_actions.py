"""Lists the actions of AWS that `pulumi up` of the platform calls, by service."""

from collections.abc import Mapping, Sequence

CRUD: Mapping[str, Sequence[str]] = {
    "sns": (
        "CreateTopic DeleteTopic GetTopicAttributes SetTopicAttributes Subscribe "
        "ListSubscriptionsByTopic "
        "ListTagsForResource TagResource UntagResource"
    ).split(),
    "sqs": (
        "CreateQueue DeleteQueue GetQueueAttributes SetQueueAttributes GetQueueUrl ListQueueTags "
        "TagQueue UntagQueue"
    ).split(),
    "dynamodb": (
        "CreateTable DeleteTable UpdateTable DescribeTable DescribeContinuousBackups "
        "UpdateContinuousBackups DescribeTimeToLive UpdateTimeToLive ListTagsOfResource "
        "TagResource UntagResource RestoreTableToPointInTime "
        "BatchWriteItem DeleteItem GetItem PutItem Query Scan UpdateItem"  # needed by a restore
    ).split(),
    "rds": (
        "CreateDBInstance RestoreDBInstanceToPointInTime RestoreDBInstanceFromDBSnapshot "
        "DeleteDBInstance ModifyDBInstance RebootDBInstance "
        "CreateDBSnapshot CreateDBParameterGroup DeleteDBParameterGroup ModifyDBParameterGroup "
        "DescribeDBParameterGroups DescribeDBParameters CreateDBSubnetGroup DeleteDBSubnetGroup "
        "ModifyDBSubnetGroup DescribeDBSubnetGroups ListTagsForResource AddTagsToResource "
        "RemoveTagsFromResource"
    ).split(),
    "ecr": (
        "CreateRepository DeleteRepository DescribeRepositories PutImageScanningConfiguration "
        "PutImageTagMutability GetLifecyclePolicy PutLifecyclePolicy DeleteLifecyclePolicy "
        "ListTagsForResource TagResource UntagResource BatchCheckLayerAvailability BatchGetImage "
        "GetDownloadUrlForLayer CompleteLayerUpload InitiateLayerUpload PutImage UploadLayerPart "
        "GetRepositoryPolicy SetRepositoryPolicy"  # Lambda adds itself with the deployer's role
    ).split(),
    "lambda": (
        "CreateFunction DeleteFunction GetFunction GetFunctionCodeSigningConfig "
        "UpdateFunctionCode UpdateFunctionConfiguration ListVersionsByFunction "
        "GetFunctionConfiguration GetFunctionConcurrency "
        "PutFunctionConcurrency DeleteFunctionConcurrency PutFunctionEventInvokeConfig "
        "GetFunctionEventInvokeConfig DeleteFunctionEventInvokeConfig ListTags TagResource "
        "UntagResource"
    ).split(),
    "scheduler": "CreateSchedule DeleteSchedule GetSchedule UpdateSchedule".split(),
    "cloudwatch": (
        "PutMetricAlarm DeleteAlarms PutDashboard GetDashboard DeleteDashboards "
        "ListTagsForResource TagResource UntagResource"
    ).split(),
    "logs": (
        "CreateLogGroup DeleteLogGroup PutRetentionPolicy AssociateKmsKey DisassociateKmsKey "
        "ListTagsForResource TagResource UntagResource"
    ).split(),
}
SES = (
    "CreateTemplate UpdateTemplate DeleteTemplate GetTemplate VerifyDomainIdentity "
    "VerifyDomainDkim VerifyEmailIdentity GetIdentityVerificationAttributes "
    "GetIdentityDkimAttributes SetIdentityMailFromDomain GetIdentityMailFromDomainAttributes "
    "DeleteIdentity CreateConfigurationSet DeleteConfigurationSet "
    "DescribeConfigurationSet PutConfigurationSetDeliveryOptions "
    "UpdateConfigurationSetReputationMetricsEnabled CreateConfigurationSetEventDestination "
    "DeleteConfigurationSetEventDestination"
).split()
ROLES = (
    "DeleteRole GetRole UpdateRole UpdateRoleDescription TagRole UntagRole "
    "UpdateAssumeRolePolicy ListRolePolicies ListAttachedRolePolicies "
    "ListInstanceProfilesForRole GetRolePolicy"
).split()
# Lambda, DynamoDB, RDS and Secrets Manager test a key with the permissions of the deployer.
KEYS = (
    "DescribeKey UpdateKeyDescription GetKeyPolicy PutKeyPolicy GetKeyRotationStatus "
    "EnableKeyRotation ListResourceTags ScheduleKeyDeletion CreateGrant Encrypt Decrypt "
    "ReEncryptFrom ReEncryptTo GenerateDataKey GenerateDataKeyWithoutPlaintext"
).split()
# Parts of a network that RDS and Lambda look up with the permissions of the deployer.
NETWORK_PARTS = (
    "AccountAttributes AvailabilityZones InternetGateways SecurityGroups Subnets Vpcs"
).split()
