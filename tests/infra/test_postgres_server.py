import json

import pulumi
import pytest
from herald_infra.postgres_connection import ExistingServer
from herald_infra.postgres_server import PostgresServer, PostgresServerArgs

from review.simulation.simulated_outputs import ACCOUNT

NETWORK = {"subnet_ids": ["subnet-1", "subnet-2"], "security_group_ids": ["sg-1"]}
KEPT = {
    "aws:secretsmanager/getSecretVersion:getSecretVersion": {
        "secretString": '{"username": "postgres", "password": "renewed-by-rds"}'
    }
}
COMPONENT = "herald:infra:PostgresServer"


def export(connection) -> None:
    for name in ("host", "port", "admin_user", "admin_password"):
        pulumi.export(name, getattr(connection, name))


def server(**args):
    return lambda: export(
        PostgresServer("dev-postgres", PostgresServerArgs(**NETWORK, **args)).connection
    )


@pytest.fixture
def plain(deploy):
    return deploy(server(), lookups=KEPT)


def test_instance_is_private_encrypted_and_monitored(plain):
    instance = plain.one("aws:rds/instance:Instance", "dev-postgres")
    assert instance.parent == (COMPONENT, "dev-postgres")
    assert "password" not in instance.secrets
    assert instance.inputs == {
        "identifier": "dev-postgres",
        "engine": "postgres",
        "engineVersion": "17",
        "allowMajorVersionUpgrade": False,
        "applyImmediately": False,
        "maintenanceWindow": "sun:03:00-sun:04:00",
        "backupWindow": "01:30-02:30",
        "instanceClass": "db.t4g.micro",
        "multiAz": True,
        "username": "postgres",
        "manageMasterUserPassword": True,
        "parameterGroupName": "dev-postgres-1a2b3c4",
        "dbSubnetGroupName": "dev-postgres-1a2b3c4",
        "vpcSecurityGroupIds": ["sg-1"],
        "publiclyAccessible": False,
        "caCertIdentifier": "rds-ca-rsa2048-g1",
        "iamDatabaseAuthenticationEnabled": True,
        "autoMinorVersionUpgrade": True,
        "storageType": "gp3",
        "storageEncrypted": True,
        "allocatedStorage": 20,
        "maxAllocatedStorage": 100,
        "backupRetentionPeriod": 14,
        "copyTagsToSnapshot": True,
        "deleteAutomatedBackups": False,
        "skipFinalSnapshot": False,
        "finalSnapshotIdentifier": "dev-postgres-final-1a2b3c4d",
        "deletionProtection": True,
        "performanceInsightsEnabled": True,
        "performanceInsightsRetentionPeriod": 7,
        "enabledCloudwatchLogsExports": ["postgresql", "upgrade"],
        "monitoringInterval": 60,
        "monitoringRoleArn": f"arn:aws:iam::{ACCOUNT}:role/dev-postgres-monitoring-1a2b3c4",
    }


LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"


def test_log_groups_precede_the_instance(plain):
    groups = {each.name: each for each in plain.all(LOG_GROUP)}
    assert {name: each.inputs for name, each in groups.items()} == {
        f"dev-postgres-{log}": {
            "name": f"/aws/rds/instance/dev-postgres/{log}",
            "retentionInDays": 30,
        }
        for log in ("postgresql", "upgrade")
    }
    assert {each.parent for each in groups.values()} == {(COMPONENT, "dev-postgres")}
    instance = plain.one("aws:rds/instance:Instance")
    assert {(LOG_GROUP, name) for name in groups} <= {*instance.depends_on}
    assert {name.rpartition("-")[2] for name in groups} == {
        *instance.inputs["enabledCloudwatchLogsExports"]
    }


def test_log_retention_follows_the_instance_name(deploy):
    told = server(identifier="prod-postgres-5e6f", log_days=90, kms_key_arn="arn:key")
    deployment = deploy(told, lookups=KEPT)
    assert deployment.one("aws:rds/instance:Instance").inputs["identifier"] == "prod-postgres-5e6f"
    assert [each.inputs for each in deployment.all(LOG_GROUP)] == [
        {
            "name": f"/aws/rds/instance/prod-postgres-5e6f/{log}",
            "retentionInDays": 90,
            "kmsKeyId": "arn:key",
        }
        for log in ("postgresql", "upgrade")
    ]


def test_only_rds_monitoring_assumes_its_role(plain):
    role = plain.one("aws:iam/role:Role", "dev-postgres-monitoring")
    assert json.loads(role.inputs["assumeRolePolicy"])["Statement"] == [
        {
            "Effect": "Allow",
            "Principal": {"Service": "monitoring.rds.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
        }
    ]
    attached = plain.one("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
    assert attached.inputs == {
        "role": "dev-postgres-monitoring-1a2b3c4",
        "policyArn": "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole",
    }


def test_clients_must_use_tls(plain):
    group = plain.one("aws:rds/parameterGroup:ParameterGroup")
    assert group.parent == (COMPONENT, "dev-postgres")
    assert group.inputs == {
        "family": "postgres17",
        "description": "Parameters of dev-postgres",
        "parameters": [
            {"name": "rds.force_ssl", "value": "1"},
            {"name": "log_connections", "value": "1"},
            {"name": "log_disconnections", "value": "1"},
            {"name": "log_min_duration_statement", "value": "1000"},
            {"name": "log_statement", "value": "ddl"},
        ],
    }


def test_it_lies_in_the_given_subnets(plain):
    assert plain.one("aws:rds/subnetGroup:SubnetGroup").inputs == {
        "description": "Managed by Pulumi",
        "subnetIds": ["subnet-1", "subnet-2"],
    }


def test_generated_password_avoids_forbidden_characters(deploy):
    deployment = deploy(server(password="generated"))
    password = deployment.one("random:index/randomPassword:RandomPassword", "dev-postgres")
    assert password.inputs == {"length": 32, "special": False}
    instance = deployment.one("aws:rds/instance:Instance")
    assert instance.inputs["password"] == "password-of-dev-postgres"
    assert "manageMasterUserPassword" not in instance.inputs
    assert instance.secrets == {"password"}
    assert deployment.exports["admin_password"] == "password-of-dev-postgres"
    assert deployment.secret_exports == {"admin_password"}


def test_managed_password_uses_the_given_key(deploy):
    deployment = deploy(server(kms_key_arn="arn:key"), lookups=KEPT)
    assert deployment.one("aws:rds/instance:Instance").inputs["masterUserSecretKmsKeyId"] == (
        "arn:key"
    )


def test_the_connection_keeps_its_password_secret(plain):
    assert plain.exports == {
        "host": "dev-postgres-1a2b3c4.rds.amazonaws.com",
        "port": 5432,
        "admin_user": "postgres",
        "admin_password": "renewed-by-rds",
    }
    assert plain.all("random:index/randomPassword:RandomPassword") == []
    assert plain.secret_exports == {"admin_password"}
    assert plain.all("aws:cloudwatch/metricAlarm:MetricAlarm") == []


def test_version_size_and_key_are_data(deploy):
    deployment = deploy(
        server(
            version=16,
            instance_class="db.m7g.large",
            multi_az=False,
            storage=50,
            max_storage=500,
            backup_days=3,
            deletion_protection=False,
            kms_key_arn="arn:key",
        ),
        lookups=KEPT,
    )
    inputs = deployment.one("aws:rds/instance:Instance").inputs
    changed = {
        "engineVersion": "16",
        "instanceClass": "db.m7g.large",
        "multiAz": False,
        "allocatedStorage": 50,
        "maxAllocatedStorage": 500,
        "backupRetentionPeriod": 3,
        "deletionProtection": False,
        "kmsKeyId": "arn:key",
        "performanceInsightsKmsKeyId": "arn:key",
    }
    assert {key: inputs[key] for key in changed} == changed
    family = deployment.one("aws:rds/parameterGroup:ParameterGroup").inputs["family"]
    assert family == "postgres16"


def test_load_storage_and_connections_raise_alarms(deploy):
    told = server(alarm_topic_arn="arn:alarms", alarm_connections=40)
    deployment = deploy(told, lookups=KEPT)
    common = {
        "namespace": "AWS/RDS",
        "dimensions": {"DBInstanceIdentifier": "dev-postgres"},
        "statistic": "Average",
        "period": 60,
        "evaluationPeriods": 5,
        "treatMissingData": "notBreaching",
        "alarmActions": ["arn:alarms"],
        "okActions": ["arn:alarms"],
    }
    alarms = deployment.all("aws:cloudwatch/metricAlarm:MetricAlarm")
    assert {alarm.name: alarm.inputs for alarm in alarms} == {
        "dev-postgres-silent": {
            **common,
            "alarmDescription": "Server dev-postgres has reported nothing for 5 minutes",
            "metricName": "DatabaseConnections",
            "comparisonOperator": "LessThanThreshold",
            "threshold": 0,
            "treatMissingData": "breaching",
        },
        "dev-postgres-processor": {
            **common,
            "alarmDescription": "The processors of server dev-postgres are busy over 80 %",
            "metricName": "CPUUtilization",
            "comparisonOperator": "GreaterThanThreshold",
            "threshold": 80,
        },
        "dev-postgres-storage": {
            **common,
            "alarmDescription": "Server dev-postgres has less than 1 GiB of storage left",
            "metricName": "FreeStorageSpace",
            "comparisonOperator": "LessThanThreshold",
            "threshold": 1073741824,
        },
        "dev-postgres-connections": {
            **common,
            "alarmDescription": "Server dev-postgres has more than 40 connections",
            "metricName": "DatabaseConnections",
            "comparisonOperator": "GreaterThanThreshold",
            "threshold": 40,
        },
    }


def test_existing_server_creates_nothing(deploy):
    existing = {"host": "10.0.0.1", "port": 15432, "admin_password": "given"}
    deployment = deploy(lambda: export(ExistingServer(**existing).connection))
    assert deployment.resources == []
    assert deployment.exports == {
        "host": "10.0.0.1",
        "port": 15432,
        "admin_user": "postgres",
        "admin_password": "given",
    }
    assert deployment.secret_exports == {"admin_password"}
