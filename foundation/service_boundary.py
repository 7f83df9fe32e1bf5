"""The most that a role of the platform can ever do, whatever its own policies say."""

from foundation.deployment import Place, granted, named
from infra.policy_document import Statement

SENDING = ["SendEmail", "SendTemplatedEmail", "SendRawEmail"]
NETWORK = (
    "AssignPrivateIpAddresses CreateNetworkInterface DeleteNetworkInterface "
    "DescribeNetworkInterfaces DescribeSecurityGroups DescribeSubnets DescribeVpcs "
    "GetSecurityGroupsForVpc UnassignPrivateIpAddresses"
).split()


def boundary(place: Place) -> list[Statement]:
    streams = place.arn("logs", f"log-group:{place.prefix}*:*")
    return [
        granted("sns", ["Publish"], named(place, "sns")),
        granted(
            "sqs",
            [
                "ReceiveMessage",
                "DeleteMessage",
                "ChangeMessageVisibility",
                "GetQueueAttributes",
                "SendMessage",
            ],
            named(place, "sqs"),
        ),
        granted(
            "dynamodb",
            [
                *["PutItem", "UpdateItem", "BatchWriteItem"],
                *["GetItem", "BatchGetItem", "Query", "DescribeTable"],
            ],
            named(place, "dynamodb"),
        ),
        granted("ses", SENDING, [place.arn("ses", "*")]),
        granted(
            "kms",
            ["Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey"],
            [place.arn("kms", "key/*")],
        ),
        granted("lambda", ["InvokeFunction"], named(place, "lambda")),
        granted("logs", ["CreateLogStream", "PutLogEvents"], [streams]),
        {**granted("ec2", NETWORK, ["*"]), "Sid": "FunctionsInTheNetwork"},
    ]
