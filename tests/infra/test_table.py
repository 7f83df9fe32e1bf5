import pulumi
from herald_infra.table import Table, TableArgs

TYPE = "aws:dynamodb/table:Table"
ARN = "arn:aws:dynamodb:eu-central-1:123456789012:table/orders-1a2b3c4"
ARGS = {"hash_key": "customer", "range_key": "placed", "number_keys": ["placed"]}
READ = ["dynamodb:GetItem", "dynamodb:Query"]
CHANGE = ["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"]
LOOK = "dynamodb:DescribeTable"


def exporting(**args):
    def program() -> None:
        table = Table("orders", TableArgs(**{**ARGS, **args}))
        for name in ("reader", "writer", "appender"):
            use = getattr(table, name)("ORDER")
            pulumi.export(name, use.statements)
            pulumi.export(f"{name}_environment", use.environment.plain_values())

    return program


def test_table_has_chosen_keys(deploy):
    deployment = deploy(exporting())
    table = deployment.one(TYPE)
    assert (table.name, table.parent) == ("orders", ("herald:infra:Table", "orders"))
    assert table.inputs == {
        "attributes": [{"name": "customer", "type": "S"}, {"name": "placed", "type": "N"}],
        "hashKey": "customer",
        "rangeKey": "placed",
        "billingMode": "PAY_PER_REQUEST",
        "pointInTimeRecovery": {"enabled": True},
        "serverSideEncryption": {"enabled": True},
        "deletionProtectionEnabled": True,
    }
    assert deployment.one("herald:infra:Table").outputs == {"name": "orders-1a2b3c4", "arn": ARN}


def test_items_expire_by_chosen_attribute(deploy):
    inputs = deploy(exporting(expires="goneAt")).one(TYPE).inputs
    assert inputs["ttl"] == {"attributeName": "goneAt", "enabled": True}


def test_range_key_is_optional(deploy):
    inputs = deploy(exporting(range_key=None, number_keys=[], indexed=["state"])).one(TYPE).inputs
    assert "rangeKey" not in inputs
    assert inputs["attributes"] == [
        {"name": "customer", "type": "S"},
        {"name": "state", "type": "S"},
    ]
    assert inputs["globalSecondaryIndexes"] == [
        {"name": "by-state", "hashKey": "state", "projectionType": "ALL"}
    ]


def test_protection_can_be_lifted(deploy):
    deployment = deploy(exporting(deletion_protection=False))
    assert deployment.one(TYPE).inputs["deletionProtectionEnabled"] is False


def test_grants_differ_by_actions(deploy):
    exports = deploy(exporting()).exports
    granted = {"reader": READ, "writer": [*READ, *CHANGE], "appender": ["dynamodb:PutItem"]}
    for name, actions in granted.items():
        assert exports[f"{name}_environment"] == {"ORDER_TABLE": "orders-1a2b3c4"}
        assert exports[name] == [{"Effect": "Allow", "Action": [*actions, LOOK], "Resource": [ARN]}]


def test_customer_key_comes_with_its_use(deploy):
    deployment = deploy(exporting(kms_key_arn="arn:key"))
    assert deployment.one(TYPE).inputs["serverSideEncryption"] == {
        "enabled": True,
        "kmsKeyArn": "arn:key",
    }
    assert deployment.exports["appender"] == [
        {
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
    ]


def test_index_is_for_readers(deploy):
    deployment = deploy(exporting(indexed=["state"]))
    assert deployment.one(TYPE).inputs["globalSecondaryIndexes"] == [
        {"name": "by-state", "hashKey": "state", "rangeKey": "placed", "projectionType": "ALL"}
    ]
    resources = {name: deployment.exports[name][0]["Resource"] for name in ("reader", "appender")}
    assert resources == {"reader": [ARN, f"{ARN}/index/by-state"], "appender": [ARN]}
