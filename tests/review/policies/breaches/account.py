"""Networks, clusters and buckets of a new account; what must not go."""

from tests.review.policies.breaches.breach import ABSENT, ANYONE, Breach
from tests.review.policies.sound_resources import admit, deny_plain, document

CLUSTER = "aws:eks/cluster:Cluster"
POLICY = "aws:s3/bucketPolicy:BucketPolicy"
ENCRYPTION = (
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
)


NETWORK = [
    Breach(
        "network-default-group-closed",
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        {"ingress": [{"protocol": "-1", "self": True}]},
        "ingress has rules; move them to a separate group",
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
        "ingress admits everyone to port 22; name the sources",
    ),
    Breach(
        "network-rule-not-open",
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        {"cidrIpv6": "::/0"},
        "cidrIpv6 is ::/0; name the sources",
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
        "vpcConfig.publicAccessCidrs admits all; name addresses, or close the endpoint",
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
        "cluster-run-by-aws",
        CLUSTER,
        {"storageConfig": {"blockStorage": {"enabled": False}}},
        "storageConfig.blockStorage.enabled is not true",
    ),
    Breach(
        "cluster-run-by-aws",
        CLUSTER,
        {"computeConfig": ABSENT},
        "computeConfig.enabled is not true",
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
