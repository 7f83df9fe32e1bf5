"""Resources without any care, and which checks of checkov must say so.

Every check that checkov has for a type of the mapping is named here: by a resource that fails it,
or in `NOT_SHOWN` with the reason why none does.
"""

import json
from dataclasses import dataclass, field
from typing import Any

ACCOUNT = "arn:aws:iam::111122223333"
MANAGED = "arn:aws:iam::aws:policy"


@dataclass(frozen=True, kw_only=True)
class Insecure:
    name: str
    inputs: dict[str, Any] = field(default_factory=dict)
    fails: set[str]
    refers: dict[str, str] = field(default_factory=dict)  # property to the name of another


def document(effect: str = "Allow", **statement: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": effect, **statement}]})


EVERYTHING = document(Action="*", Resource="*")
ANYBODY = document(Principal="*", Action="*", Resource="*")
STRANGER = document(Principal={"AWS": f"{ACCOUNT}:root"}, Action="sns:Publish", Resource="*")
GITHUB = {"Federated": f"{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"}
KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
IDENTITY = {
    "CKV2_AWS_40",
    "CKV_AWS_286",
    "CKV_AWS_287",
    "CKV_AWS_288",
    "CKV_AWS_289",
    "CKV_AWS_290",
    "CKV_AWS_355",
    "CKV_AWS_62",
    "CKV_AWS_63",
}
OPEN = {"fromPort": 0, "toPort": 0, "protocol": "-1", "cidrBlocks": ["0.0.0.0/0"]}
SERVER = {
    "CKV2_AWS_30",
    "CKV2_AWS_60",
    "CKV_AWS_118",
    "CKV_AWS_129",
    "CKV_AWS_157",
    "CKV_AWS_16",
    "CKV_AWS_161",
    "CKV_AWS_226",
    "CKV_AWS_293",
}

INSECURE: dict[str, list[Insecure]] = {
    "aws:acm/certificate:Certificate": [
        Insecure(
            name="all-hosts",
            inputs={
                "domainName": "*.example.com",
                "options": {"certificateTransparencyLoggingPreference": "DISABLED"},
            },
            fails={"CKV_AWS_234", "CKV2_AWS_71"},
        )
    ],
    "aws:cloudwatch/logGroup:LogGroup": [
        Insecure(name="logs", fails={"CKV_AWS_158", "CKV_AWS_338", "CKV_AWS_66"}),
        Insecure(
            name="short-logs",
            inputs={"retentionInDays": 30.0},
            fails={"CKV_AWS_158", "CKV_AWS_338"},
        ),
    ],
    "aws:cloudwatch/metricAlarm:MetricAlarm": [
        Insecure(name="alarm", inputs={"actionsEnabled": False}, fails={"CKV_AWS_319"})
    ],
    "aws:dynamodb/table:Table": [
        Insecure(
            name="table",
            inputs={"billingMode": "PROVISIONED"},
            fails={"CKV2_AWS_16", "CKV_AWS_119", "CKV_AWS_28"},
        ),
        Insecure(
            name="table-of-aws-key",
            inputs={
                "billingMode": "PAY_PER_REQUEST",
                "pointInTimeRecovery": {"enabled": False},
                "serverSideEncryption": {"enabled": True},
            },
            fails={"CKV_AWS_119", "CKV_AWS_28"},
        ),
    ],
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": [
        Insecure(
            name="default-group",
            inputs={"ingress": [OPEN]},
            refers={"vpcId": "network"},
            fails=set(),
        )
    ],
    "aws:ec2/route:Route": [
        Insecure(
            name="route",
            inputs={"destinationCidrBlock": "0.0.0.0/0", "instanceId": "i-1"},
            fails={"CKV2_AWS_35"},
        ),
        Insecure(
            name="peer-route",
            inputs={"destinationCidrBlock": "0.0.0.0/0", "vpcPeeringConnectionId": "pcx-1"},
            fails={"CKV2_AWS_44"},
        ),
    ],
    "aws:ec2/routeTable:RouteTable": [
        Insecure(
            name="routes",
            inputs={"routes": [{"cidrBlock": "0.0.0.0/0", "instanceId": "i-1"}]},
            fails={"CKV2_AWS_35"},
        ),
        Insecure(
            name="peer-routes",
            inputs={"routes": [{"cidrBlock": "0.0.0.0/0", "vpcPeeringConnectionId": "pcx-1"}]},
            fails={"CKV2_AWS_44"},
        ),
    ],
    "aws:ec2/securityGroup:SecurityGroup": [
        Insecure(
            name="group",
            inputs={"ingress": [OPEN], "egress": [OPEN]},
            fails={
                "CKV2_AWS_5",
                "CKV_AWS_23",
                "CKV_AWS_24",
                "CKV_AWS_25",
                "CKV_AWS_260",
                "CKV_AWS_277",
                "CKV_AWS_382",
            },
        )
    ],
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": [
        Insecure(
            name="way-in",
            inputs={
                "cidrIpv4": "0.0.0.0/0",
                "ipProtocol": "tcp",
                "fromPort": 0,
                "toPort": 65535,
            },
            fails={"CKV_AWS_23", "CKV_AWS_24", "CKV_AWS_25", "CKV_AWS_260"},
        ),
        Insecure(
            name="every-way-in",
            inputs={"cidrIpv4": "0.0.0.0/0", "ipProtocol": "-1", "fromPort": -1, "toPort": -1},
            fails={"CKV_AWS_23", "CKV_AWS_277"},
        ),
    ],
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": [
        Insecure(
            name="way-out",
            inputs={"cidrIpv4": "0.0.0.0/0", "ipProtocol": "-1", "fromPort": -1, "toPort": -1},
            fails={"CKV_AWS_23", "CKV_AWS_382"},
        )
    ],
    "aws:ec2/subnet:Subnet": [
        Insecure(name="subnet", inputs={"mapPublicIpOnLaunch": True}, fails={"CKV_AWS_130"})
    ],
    "aws:ec2/vpc:Vpc": [
        Insecure(
            name="network",
            inputs={"cidrBlock": "10.0.0.0/16"},
            fails={"CKV2_AWS_11", "CKV2_AWS_12"},
        )
    ],
    "aws:ecr/repository:Repository": [
        Insecure(
            name="repository",
            inputs={
                "encryptionConfigurations": [{"encryptionType": "AES256"}],
                "imageScanningConfiguration": {"scanOnPush": False},
                "imageTagMutability": "MUTABLE",
            },
            fails={"CKV_AWS_136", "CKV_AWS_163", "CKV_AWS_51"},
        )
    ],
    "aws:ecr/repositoryPolicy:RepositoryPolicy": [
        Insecure(
            name="repository",
            inputs={"policy": document(Principal="*", Action="ecr:*")},
            fails={"CKV_AWS_32"},
        )
    ],
    "aws:eks/cluster:Cluster": [
        Insecure(
            name="cluster",
            inputs={
                "version": "1.20",
                "vpcConfig": {"endpointPublicAccess": True, "publicAccessCidrs": ["0.0.0.0/0"]},
            },
            fails={"CKV_AWS_339", "CKV_AWS_37", "CKV_AWS_38", "CKV_AWS_39", "CKV_AWS_58"},
        )
    ],
    "aws:iam/policy:Policy": [
        Insecure(name="policy", inputs={"policy": EVERYTHING}, fails=IDENTITY)
    ],
    "aws:iam/role:Role": [
        Insecure(
            name="anybody",
            inputs={
                "assumeRolePolicy": document(Principal={"AWS": "*"}, Action="sts:AssumeRole"),
                "managedPolicyArns": [f"{MANAGED}/AdministratorAccess"],
            },
            fails={"CKV_AWS_274", "CKV_AWS_60"},
        ),
        Insecure(
            name="whole-account",
            inputs={
                "assumeRolePolicy": document(
                    Principal={"AWS": f"{ACCOUNT}:root"}, Action="sts:AssumeRole"
                ),
                "managedPolicyArns": [f"{MANAGED}/IAMFullAccess"],
            },
            fails={"CKV2_AWS_56", "CKV_AWS_61"},
        ),
        Insecure(
            name="any-repository",
            inputs={
                "assumeRolePolicy": document(
                    Principal=GITHUB, Action="sts:AssumeRoleWithWebIdentity"
                )
            },
            fails={"CKV_AWS_393"},
        ),
    ],
    "aws:iam/rolePolicy:RolePolicy": [
        Insecure(name="policy", inputs={"policy": EVERYTHING}, fails=IDENTITY)
    ],
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": [
        Insecure(
            name="administrator",
            inputs={"policyArn": f"{MANAGED}/AdministratorAccess"},
            fails={"CKV_AWS_274"},
        ),
        Insecure(
            name="identities",
            inputs={"policyArn": f"{MANAGED}/IAMFullAccess"},
            fails={"CKV2_AWS_56"},
        ),
    ],
    "aws:kms/key:Key": [
        Insecure(
            name="key",
            inputs={
                "enableKeyRotation": False,
                "isEnabled": False,
                "policy": document(Principal={"AWS": "*"}, Action="kms:*", Resource="*"),
            },
            fails={"CKV_AWS_227", "CKV_AWS_33", "CKV_AWS_7"},
        ),
        Insecure(
            name="key-without-policy",
            inputs={"enableKeyRotation": True},
            fails={"CKV2_AWS_64"},
        ),
    ],
    "aws:lambda/function:Function": [
        Insecure(
            name="function",
            inputs={
                "environment": {"variables": {"AWS_SECRET_ACCESS_KEY": KEY}},
                "packageType": "Zip",
                "runtime": "python3.6",
            },
            fails={
                "CKV_AWS_115",
                "CKV_AWS_116",
                "CKV_AWS_117",
                "CKV_AWS_173",
                "CKV_AWS_272",
                "CKV_AWS_363",
                "CKV_AWS_45",
                "CKV_AWS_50",
            },
        )
    ],
    "aws:lambda/permission:Permission": [
        Insecure(
            name="any-bucket",
            inputs={"action": "lambda:InvokeFunction", "principal": "s3.amazonaws.com"},
            fails={"CKV_AWS_364"},
        ),
        Insecure(
            name="anybody",
            inputs={"action": "lambda:InvokeFunction", "principal": "*"},
            fails={"CKV_AWS_301"},
        ),
    ],
    "aws:rds/instance:Instance": [
        Insecure(
            name="server",
            inputs={
                "autoMinorVersionUpgrade": False,
                "backupRetentionPeriod": 0.0,
                "caCertIdentifier": "rds-ca-2015",
                "copyTagsToSnapshot": False,
                "deletionProtection": False,
                "engine": "postgres",
                "engineVersion": "13.1",
                "iamDatabaseAuthenticationEnabled": False,
                "monitoringInterval": 0.0,
                "multiAz": False,
                "performanceInsightsEnabled": False,
                "publiclyAccessible": True,
                "storageEncrypted": False,
            },
            fails={
                *SERVER,
                "CKV_AWS_133",
                "CKV_AWS_17",
                "CKV_AWS_211",
                "CKV_AWS_250",
                "CKV_AWS_353",
            },
        ),
        Insecure(
            name="watched-server",
            inputs={
                "engine": "postgres",
                "engineVersion": "17",
                "performanceInsightsEnabled": True,
            },
            fails={*SERVER, "CKV_AWS_354"},
        ),
        Insecure(
            name="old-server",
            inputs={"engine": "aurora-postgresql", "engineVersion": "11.6"},
            fails={*SERVER, "CKV_AWS_250", "CKV_AWS_353", "CKV_AWS_388"}
            - {"CKV2_AWS_30", "CKV_AWS_161"},
        ),
        Insecure(
            name="plain-server",
            inputs={"engine": "postgres", "engineVersion": "17"},
            refers={"parameterGroupName": "plain"},
            # Any group of parameters satisfies CKV2_AWS_30.
            fails={*SERVER, "CKV2_AWS_69", "CKV_AWS_353"} - {"CKV2_AWS_30"},
        ),
    ],
    "aws:rds/parameterGroup:ParameterGroup": [
        Insecure(
            name="plain",
            inputs={
                "family": "postgres17",
                "parameters": [{"name": "rds.force_ssl", "value": "0"}],
            },
            fails=set(),  # the server that uses it fails
        )
    ],
    "aws:route53/record:Record": [
        Insecure(
            name="nowhere",
            inputs={"type": "A", "name": "a.example.com", "records": ["192.0.2.1"]},
            fails={"CKV2_AWS_23"},
        )
    ],
    "aws:s3/bucket:Bucket": [
        Insecure(
            name="bucket",
            fails={
                "CKV2_AWS_6",
                "CKV2_AWS_61",
                "CKV2_AWS_62",
                "CKV_AWS_144",
                "CKV_AWS_145",
                "CKV_AWS_18",
                "CKV_AWS_21",
            },
        )
    ],
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": [
        Insecure(
            name="bucket",
            inputs={"rules": [{"id": "none", "status": "Enabled"}]},
            fails={"CKV_AWS_300"},
        )
    ],
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": [
        Insecure(
            name="bucket",
            inputs={"rule": {"objectOwnership": "ObjectWriter"}},
            fails={"CKV2_AWS_65"},
        )
    ],
    "aws:s3/bucketPolicy:BucketPolicy": [
        Insecure(
            name="anybody",
            inputs={"policy": document(Principal="*", Action="s3:*", Resource="*")},
            fails={"CKV_AWS_70"},
        ),
        Insecure(
            name="nobody",
            inputs={"policy": document("Deny", Principal="*", Action="s3:*", Resource="*")},
            fails={"CKV_AWS_93"},
        ),
    ],
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": [
        Insecure(
            name="bucket",
            inputs={
                "blockPublicAcls": False,
                "blockPublicPolicy": False,
                "ignorePublicAcls": False,
                "restrictPublicBuckets": False,
            },
            fails={"CKV_AWS_53", "CKV_AWS_54", "CKV_AWS_55", "CKV_AWS_56"},
        )
    ],
    "aws:scheduler/schedule:Schedule": [
        Insecure(
            name="schedule",
            inputs={"target": {"arn": "arn:of:target", "roleArn": "arn:of:role"}},
            fails={"CKV_AWS_297"},
        )
    ],
    "aws:ses/configurationSet:ConfigurationSet": [
        Insecure(
            name="reminders",
            inputs={"deliveryOptions": {"tlsPolicy": "Optional"}},
            fails={"CKV_AWS_365"},
        )
    ],
    "aws:sns/topic:Topic": [Insecure(name="topic", fails={"CKV_AWS_26"})],
    "aws:sns/topicPolicy:TopicPolicy": [
        Insecure(name="anybody", inputs={"policy": ANYBODY}, fails={"CKV_AWS_169"}),
        Insecure(name="stranger", inputs={"policy": STRANGER}, fails={"CKV_AWS_385"}),
    ],
    "aws:sqs/queue:Queue": [
        Insecure(name="queue", inputs={"sqsManagedSseEnabled": False}, fails={"CKV_AWS_27"}),
        Insecure(
            name="queue-of-aws-key",
            inputs={"kmsMasterKeyId": "alias/aws/sqs"},
            fails={"CKV2_AWS_73"},
        ),
    ],
    "aws:sqs/queuePolicy:QueuePolicy": [
        Insecure(
            name="anybody",
            inputs={"policy": ANYBODY},
            fails={"CKV_AWS_168", "CKV_AWS_387", "CKV_AWS_72"},
        )
    ],
}

# Of each type; the reason holds for every resource of it.
NOT_SHOWN: dict[str, dict[str, str]] = {
    "aws:acm/certificate:Certificate": {
        "CKV_AWS_233": "of a setting of Terraform; Pulumi makes a new resource before it deletes",
    },
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": {
        "CKV2_AWS_12": "told of the network that the group belongs to",
    },
    "aws:ec2/eip:Eip": {"CKV2_AWS_19": "of machines; ours belong to NAT gateways"},
    "aws:ec2/securityGroup:SecurityGroup": {"CKV2_AWS_7": "of EMR clusters, which nobody makes"},
    "aws:ec2/subnet:Subnet": {"CKV2_AWS_1": "of network ACLs, which nobody makes"},
    "aws:iam/role:Role": {"CKV2_AWS_68": "of SageMaker notebooks, which nobody makes"},
    "aws:rds/parameterGroup:ParameterGroup": {
        "CKV2_AWS_30": "told of the server that uses the group",
        "CKV2_AWS_69": "told of the server that uses the group",
    },
    "aws:s3/bucket:Bucket": {
        "CKV_AWS_143": "of a property that AWS has replaced by a resource",
        "CKV_AWS_19": "AWS encrypts every bucket since 2023, so checkov passes all",
        "CKV_AWS_20": "of access control lists, which the bucket's owner alone has",
        "CKV_AWS_57": "of access control lists, which the bucket's owner alone has",
        "CKV_AWS_70": "of a policy in the bucket; ours are resources of their own",
        "CKV_AWS_93": "of a policy in the bucket; ours are resources of their own",
    },
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": {
        "CKV2_AWS_6": "told of the bucket that lacks one",
    },
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": {
        "CKV_AWS_145": "told of the bucket that lacks one",
        "CKV_AWS_19": "AWS encrypts every bucket since 2023, so checkov passes all",
    },
    "aws:s3/bucketVersioning:BucketVersioning": {
        "CKV_AWS_21": "told of the bucket that lacks one",
    },
    "aws:sqs/queue:Queue": {
        "CKV_AWS_168": "of a policy in the queue, which it can't read in a plan; ours are apart",
    },
}
