"""Networks, clusters and buckets of a new account; what must not go."""

from tests.policies.breaches.breach import ABSENT, ANYONE, Breach
from tests.policies.sound_resources import admit, deny_plain, document

CLUSTER = "aws:eks/cluster:Cluster"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
POLICY = "aws:s3/bucketPolicy:BucketPolicy"
ENCRYPTION = (
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
)


NETWORK = [
    Breach(
        "network-default-group-closed",
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        {"ingress": [{"protocol": "-1", "self": True}]},
        "ingress has rules; give a group of its own to what needs them",
    ),
    Breach(
        "network-no-public-addresses",
        "aws:ec2/subnet:Subnet",
        {"mapPublicIpOnLaunch": True},
        "mapPublicIpOnLaunch is true; expected missing or false",
    ),
    Breach(
        "network-group-not-open",
        "aws:ec2/securityGroup:SecurityGroup",
        {"ingress": [{"fromPort": 22, "cidrBlocks": ["10.0.0.0/8", "0.0.0.0/0"]}]},
        "ingress admits everyone to port 22; name who may",
    ),
    Breach(
        "network-rule-not-open",
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        {"cidrIpv6": "::/0"},
        "cidrIpv6 is ::/0; name who may",
    ),
    Breach(
        "network-all-traffic-logged",
        "aws:ec2/flowLog:FlowLog",
        {"trafficType": "REJECT"},
        "trafficType is REJECT; expected ALL",
    ),
]
CLUSTERS = [
    Breach(
        "cluster-reached-by-few",
        CLUSTER,
        {"vpcConfig.publicAccessCidrs": ["0.0.0.0/0"]},
        "vpcConfig.publicAccessCidrs admits everyone; name addresses, or close the endpoint",
    ),
    Breach(
        "cluster-reached-by-few",
        CLUSTER,
        {"vpcConfig": {"endpointPublicAccess": False}},
        "vpcConfig.endpointPrivateAccess is not true",
    ),
    Breach(
        "cluster-secrets-encrypted",
        CLUSTER,
        {"encryptionConfig": ABSENT},
        "encryptionConfig.resources lacks secrets",
    ),
    Breach(
        "cluster-logged",
        CLUSTER,
        {"enabledClusterLogTypes": ["api"]},
        "enabledClusterLogTypes lacks audit, authenticator",
    ),
    Breach(
        "cluster-access-by-entries",
        CLUSTER,
        {"accessConfig.authenticationMode": "CONFIG_MAP"},
        "accessConfig.authenticationMode is CONFIG_MAP; expected API",
    ),
    Breach(
        "cluster-deletion-protected",
        CLUSTER,
        {"deletionProtection": False},
        "deletionProtection is false; expected true",
    ),
    Breach(
        "cluster-addon-pinned",
        "aws:eks/addon:Addon",
        {"addonVersion": ABSENT},
        "addonVersion is missing",
    ),
    Breach(
        "node-by-template",
        "aws:eks/nodeGroup:NodeGroup",
        {"launchTemplate": ABSENT},
        "launchTemplate is missing",
    ),
    Breach(
        "node-metadata-by-token",
        TEMPLATE,
        {"metadataOptions.httpTokens": "optional"},
        "metadataOptions.httpTokens is not required",
    ),
    Breach(
        "node-metadata-by-token",
        TEMPLATE,
        {"metadataOptions.httpPutResponseHopLimit": 2},
        "metadataOptions.httpPutResponseHopLimit is not 1",
    ),
    Breach(
        "node-disks-encrypted",
        TEMPLATE,
        {"blockDeviceMappings": [{"deviceName": "/dev/xvda", "ebs": {"volumeSize": 20}}]},
        "disk /dev/xvda is not encrypted",
    ),
]
BUCKETS = [
    Breach(
        "bucket-private",
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        {"blockPublicPolicy": False, "ignorePublicAcls": ABSENT},
        "blockPublicPolicy, ignorePublicAcls not true",
    ),
    Breach(
        "bucket-versioned",
        "aws:s3/bucketVersioning:BucketVersioning",
        {"versioningConfiguration.status": "Suspended"},
        "versioningConfiguration.status is Suspended; expected Enabled",
    ),
    Breach(
        "bucket-encrypted-by-own-key",
        ENCRYPTION,
        {"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]},
        "sseAlgorithm is AES256; expected aws:kms",
    ),
    Breach(
        "bucket-tls-only",
        POLICY,
        {"policy": document(admit({"AWS": "arn:aws:iam::111122223333:root"}))},
        'no statement denies everyone when aws:SecureTransport is "false"',
    ),
    Breach(
        "bucket-not-public",
        POLICY,
        {"policy": document(admit("*"), deny_plain("s3:*"))},
        ANYONE,
    ),
    Breach(
        "bucket-kept",
        "aws:s3/bucket:Bucket",
        {"forceDestroy": True},
        "forceDestroy is true; expected missing or false",
    ),
]
UNPROTECTED = "the option protect is not set; lock it, or unlock it by name and date"
PROTECTION = [
    Breach("data-protected", "aws:sqs/queue:Queue", {}, UNPROTECTED, protect=False),
    Breach("data-protected", "aws:kms/key:Key", {}, UNPROTECTED, protect=False),
]
ACCOUNT = [*NETWORK, *CLUSTERS, *BUCKETS, *PROTECTION]
