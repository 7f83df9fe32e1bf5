import pulumi

from infra.event_table import EventTable, EventTableArgs

ARN = "arn:aws:dynamodb:eu-central-1:123456789012:table/event-store-1a2b3c4"
KEYS = ["userId", "id"]


def exporting_statements(args: EventTableArgs | None = None):
    def program() -> None:
        table = EventTable("event-store", args)
        pulumi.export("write", table.write_statement())
        pulumi.export("read", table.read_statement())

    return program


def test_the_table(deploy):
    deployment = deploy(exporting_statements())
    table = deployment.one("aws:dynamodb/table:Table")
    assert table.name == "event-store"
    assert table.parent == ("herald:infra:EventTable", "event-store")
    assert table.inputs == {
        "attributes": [{"name": "userId", "type": "S"}, {"name": "id", "type": "S"}],
        "hashKey": "userId",
        "rangeKey": "id",
        "billingMode": "PAY_PER_REQUEST",
        "ttl": {"attributeName": "expiresAt", "enabled": True},
        "pointInTimeRecovery": {"enabled": True},
        "serverSideEncryption": {"enabled": True},
        "deletionProtectionEnabled": True,
    }
    assert deployment.one("herald:infra:EventTable").outputs == {
        "name": "event-store-1a2b3c4",
        "arn": ARN,
    }


def test_protection_can_be_lifted(deploy):
    deployment = deploy(exporting_statements(EventTableArgs(deletion_protection=False)))
    assert deployment.one("aws:dynamodb/table:Table").inputs["deletionProtectionEnabled"] is False


def test_a_writer_only_adds_and_a_reader_only_reads(deploy):
    assert deploy(exporting_statements()).exports == {
        "write": {
            "Effect": "Allow",
            "Action": ["dynamodb:PutItem", "dynamodb:DescribeTable"],
            "Resource": [ARN],
        },
        "read": {
            "Effect": "Allow",
            "Action": ["dynamodb:GetItem", "dynamodb:Query", "dynamodb:DescribeTable"],
            "Resource": [ARN],
        },
    }


def test_a_customer_key_comes_with_its_use(deploy):
    deployment = deploy(exporting_statements(EventTableArgs(kms_key_arn="arn:key")))
    assert deployment.one("aws:dynamodb/table:Table").inputs["serverSideEncryption"] == {
        "enabled": True,
        "kmsKeyArn": "arn:key",
    }
    assert deployment.exports["write"] == {
        "Effect": "Allow",
        "Action": [
            "dynamodb:PutItem",
            "dynamodb:DescribeTable",
            "kms:Encrypt",
            "kms:Decrypt",
            "kms:GenerateDataKey",
            "kms:DescribeKey",
        ],
        "Resource": [ARN, "arn:key"],
    }


def test_an_indexed_attribute_is_a_way_to_read_whole_events(deploy):
    deployment = deploy(exporting_statements(EventTableArgs(indexed=["orderId"])))
    inputs = deployment.one("aws:dynamodb/table:Table").inputs
    assert inputs["attributes"] == [{"name": each, "type": "S"} for each in KEYS + ["orderId"]]
    assert inputs["globalSecondaryIndexes"] == [
        {"name": "by-orderId", "hashKey": "orderId", "rangeKey": "id", "projectionType": "ALL"}
    ]
    assert deployment.exports["read"]["Resource"] == [ARN, f"{ARN}/index/by-orderId"]
    assert deployment.exports["write"]["Resource"] == [ARN]
