"""Logs of pods, and the only ones who may write them."""

import json

import pytest
from herald_infra.cluster_logs import ClusterLogs, ClusterLogsArgs

from review.simulation.simulated_foundation import ACCOUNT_ANSWERS

ISSUER = "oidc.eks.eu-central-1.amazonaws.com/id/DEV"
PROVIDER = f"arn:aws:iam::123456789012:oidc-provider/{ISSUER}"
KINDS = ("application", "dataplane", "host")
GROUP = "aws:cloudwatch/logGroup:LogGroup"


@pytest.fixture
def logs(deploy):
    args = ClusterLogsArgs(
        account_id="123456789012",
        region="eu-central-1",
        cluster="dev",
        cluster_name="dev",
        cluster_version="1.36",
        oidc_provider_arn=PROVIDER,
        days=30,
    )
    return deploy(lambda: ClusterLogs("dev-logs", args), lookups=ACCOUNT_ANSWERS)


def test_log_groups_expire_and_are_encrypted(logs):
    key = logs.one("aws:kms/key:Key", "dev-logs").outputs["arn"]
    assert {each.name: each.inputs for each in logs.all(GROUP)} == {
        f"dev-logs-{kind}": {
            "name": f"/aws/containerinsights/dev/{kind}",
            "retentionInDays": 30,
            "kmsKeyId": key,
        }
        for kind in KINDS
    }
    policy = json.loads(logs.one("aws:kms/key:Key").inputs["policy"])["Statement"]
    assert [each["Principal"] for each in policy] == [
        {"AWS": "arn:aws:iam::123456789012:root"},
        {"Service": "logs.eu-central-1.amazonaws.com"},
    ]


def test_shipper_writes_only_to_these_groups(logs):
    [granted] = json.loads(logs.one("aws:iam/rolePolicy:RolePolicy").inputs["policy"])["Statement"]
    assert granted == {
        "Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
        "Resource": [f"{logs.one(GROUP, f'dev-logs-{kind}').outputs['arn']}:*" for kind in KINDS],
    }
    [trust] = json.loads(logs.one("aws:iam/role:Role").inputs["assumeRolePolicy"])["Statement"]
    assert trust["Principal"] == {"Federated": PROVIDER}
    assert trust["Condition"]["StringEquals"][f"{ISSUER}:sub"] == (
        "system:serviceaccount:amazon-cloudwatch:cloudwatch-agent"
    )


def test_addon_ships_logs_and_changes_nothing(logs):
    addon = logs.one("aws:eks/addon:Addon")
    configuration = json.loads(addon.inputs.pop("configurationValues"))
    assert addon.inputs == {
        "addonName": "amazon-cloudwatch-observability",
        "addonVersion": "v1.2.3-eksbuild.4",
        "clusterName": "dev",
        "serviceAccountRoleArn": logs.one("aws:iam/role:Role").outputs["arn"],
        "resolveConflictsOnCreate": "OVERWRITE",
        "resolveConflictsOnUpdate": "OVERWRITE",
    }
    assert configuration == {
        "containerLogs": {"enabled": True},
        "containerInsights": {"enabled": False},
        "otelContainerInsights": {"enabled": False},
        "manager": {"applicationSignals": {"autoMonitor": {"monitorAllServices": False}}},
    }
    assert {(GROUP, f"dev-logs-{kind}") for kind in KINDS} <= {*addon.depends_on}
