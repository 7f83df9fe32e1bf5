"""Lists what an account of the emulator contains, and removes it by commands of AWS's CLI."""

from collections.abc import Callable
from typing import Any

from botocore import xform_name

Client = Callable[[str], Any]
# What each list call names: service, operation, and the path of a name in its answer. The words
# are those of the tables in docs/runbooks/remove.md.
LISTS = {
    "alarm": ("cloudwatch", "describe_alarms", "MetricAlarms.AlarmName"),
    "automated backup": (
        "rds",
        "describe_db_instance_automated_backups",
        "DBInstanceAutomatedBackups.DBInstanceIdentifier",
    ),
    "bucket": ("s3", "list_buckets", "Buckets.Name"),
    "configuration set": ("ses", "list_configuration_sets", "ConfigurationSets.Name"),
    "dashboard": ("cloudwatch", "list_dashboards", "DashboardEntries.DashboardName"),
    "database server": ("rds", "describe_db_instances", "DBInstances.DBInstanceIdentifier"),
    "function": ("lambda", "list_functions", "Functions.FunctionName"),
    "identity provider": (
        "iam",
        "list_open_id_connect_providers",
        "OpenIDConnectProviderList.Arn",
    ),
    "identity": ("ses", "list_identities", "Identities"),
    "key alias": ("kms", "list_aliases", "Aliases.AliasName"),
    "log group": ("logs", "describe_log_groups", "logGroups.logGroupName"),
    "parameter group": (
        "rds",
        "describe_db_parameter_groups",
        "DBParameterGroups.DBParameterGroupName",
    ),
    "policy": ("iam", "list_policies", "Policies.PolicyName"),
    "queue": ("sqs", "list_queues", "QueueUrls"),
    "repository": ("ecr", "describe_repositories", "repositories.repositoryName"),
    "role": ("iam", "list_roles", "Roles.RoleName"),
    "schedule": ("scheduler", "list_schedules", "Schedules.Name"),
    "secret": ("secretsmanager", "list_secrets", "SecretList.Name"),
    "snapshot": ("rds", "describe_db_snapshots", "DBSnapshots.DBSnapshotIdentifier"),
    "security group": ("ec2", "describe_security_groups", "SecurityGroups.GroupId"),
    "subnet": ("ec2", "describe_subnets", "Subnets.SubnetId"),
    "subnet group": ("rds", "describe_db_subnet_groups", "DBSubnetGroups.DBSubnetGroupName"),
    "subscription": ("sns", "list_subscriptions", "Subscriptions.SubscriptionArn"),
    "table": ("dynamodb", "list_tables", "TableNames"),
    "template": ("ses", "list_templates", "TemplatesMetadata.Name"),
    "topic": ("sns", "list_topics", "Topics.TopicArn"),
    "network": ("ec2", "describe_vpcs", "Vpcs.VpcId"),
}
OPTIONS = {"list_policies": {"Scope": "Local"}, "describe_db_snapshots": {"SnapshotType": "manual"}}


def list_account(client: Client) -> set[tuple[str, str]]:
    """Return kind and name of everything."""
    found = set(keys(client("kms")))
    for kind, (service, operation, path) in LISTS.items():
        answer = getattr(client(service), operation)(**OPTIONS.get(operation, {}))
        head, _, name = path.partition(".")
        found |= {(kind, each[name] if name else each) for each in answer.get(head, [])}
    return found


def keys(kms: Any) -> list[tuple[str, str]]:
    found = [kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"] for key in kms.list_keys()["Keys"]]
    return [
        ("deleted key" if key["KeyState"] == "PendingDeletion" else "key", key["KeyId"])
        for key in found
    ]


def run_aws(client: Client, command: str, name: str) -> None:
    """Run a command of AWS's CLI on a resource; a word in capitals stands for its name."""
    _, service, action, *options = command.split()
    operation, api = action.replace("-", "_"), client(service)
    shape = api.meta.service_model.operation_model(api.meta.method_to_api_mapping[operation])
    members = {f"--{xform_name(member, '-')}": member for member in shape.input_shape.members}
    pairs = zip(options[::2], options[1::2], strict=True)
    given = {members[key]: name if value.isupper() else value for key, value in pairs}
    getattr(api, operation)(**given)
