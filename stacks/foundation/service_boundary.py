"""Defines the permissions boundary: the maximum permissions of every role of the platform."""

from herald_infra.policy_document import Statement

from stacks.foundation.deployment import Place, granted, named

METRICS = (
    "CreateLogGroup PutRetentionPolicy CreateLogStream PutLogEvents DescribeLogStreams GetLogEvents"
).split()
SENDING = ["SendEmail", "SendTemplatedEmail", "SendRawEmail"]
INTERFACES = (
    "AssignPrivateIpAddresses CreateNetworkInterface DeleteNetworkInterface "
    "GetSecurityGroupsForVpc UnassignPrivateIpAddresses"
).split()
LOOKUPS = ("DescribeNetworkInterfaces DescribeSecurityGroups DescribeSubnets DescribeVpcs").split()


def boundary(place: Place) -> list[Statement]:
    streams = place.arn("logs", f"log-group:{place.prefix}*:*")
    metrics = place.arn("logs", "log-group:RDS*")  # of a database server's operating system
    return [
        granted("logs", METRICS, [metrics, f"{metrics}:log-stream:*"]),
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
                *["PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem"],
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
        granted("ec2", INTERFACES, [place.arn("ec2", "*")]),
        {**granted("ec2", LOOKUPS, ["*"]), "Sid": "FunctionsInTheNetwork"},
        {**granted("ses", ["GetAccount"], ["*"]), "Sid": "SendingRateOfTheAccount"},
    ]
