"""A PostgreSQL server: one made on RDS, or one that exists."""

from __future__ import annotations  # so that the SDK's modules load only when used

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pulumi
import pulumi_random
from pulumi import Input, Output, ResourceOptions
from pulumi_aws import cloudwatch, iam, rds, secretsmanager

from infra.dashboard import Panel
from infra.metric_alarm import metric_alarm
from infra.policy_document import account_of, assumed_by_service, policy_json
from infra.postgres_figures import alarms, panels

MONITORING = "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"


@dataclass(frozen=True, kw_only=True)
class PostgresConnection:
    """How its administrator reaches a server; the password is a secret."""

    host: Output[str]
    port: Output[int]
    admin_user: Output[str]
    admin_password: Output[str]


@dataclass(frozen=True, kw_only=True)
class ExistingServer:
    """A server that someone else runs, with the same connection as one that is made here."""

    host: Input[str]
    port: Input[int] = 5432
    admin_user: Input[str] = "postgres"
    admin_password: Input[str]

    @property
    def connection(self) -> PostgresConnection:
        return PostgresConnection(
            host=Output.from_input(self.host),
            port=Output.from_input(self.port),
            admin_user=Output.from_input(self.admin_user),
            admin_password=Output.secret(self.admin_password),
        )

    def panels(self) -> list[Panel]:
        """None: its graphs are where it is run."""
        return []


@dataclass(frozen=True, kw_only=True)
class PostgresServerArgs:
    subnet_ids: Sequence[Input[str]] | Input[Sequence[str]]  # private, in two zones at least
    security_group_ids: Sequence[Input[str]] | Input[Sequence[str]]
    identifier: str | None = None  # the component's name when none
    version: int = 17  # minor versions follow by themselves
    instance_class: str = "db.t4g.micro"
    storage: int = 20  # GiB at the start
    max_storage: int = 100  # GiB up to which it grows by itself
    alarm_connections: int = 80  # of the 110 or so that a db.t4g.micro allows
    multi_az: bool = True
    backup_days: int = 14
    deletion_protection: bool = True
    admin_user: str = "postgres"
    password: Literal["managed", "generated"] = "managed"  # RDS renews its own every week
    log_days: int = 30
    kms_key_arn: Input[str] | None = None  # of storage and logs; AWS's own keys when none
    alarm_topic_arn: Input[str] | None = None


class PostgresServer(pulumi.ComponentResource):
    """An RDS instance: encrypted, private, reached over TLS only.

    RDS keeps the administrator's password in Secrets Manager and renews it every seven days;
    `connection` has the one of now, read anew at each run. Or one is generated once.
    Backups, a last snapshot before deletion, performance insights, the figures of its
    operating system every minute and exported logs are always on. A key of yours must let
    CloudWatch Logs use it, as EncryptionKey does with `logs_region`. With an alarm topic, busy
    processors, scarce storage and many connections are told.
    """

    connection: PostgresConnection

    def __init__(
        self, name: str, args: PostgresServerArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("herald:infra:PostgresServer", name, {}, opts)
        child = ResourceOptions(parent=self)

        subnets = rds.SubnetGroup(name, subnet_ids=args.subnet_ids, opts=child)
        parameters = rds.ParameterGroup(
            name,
            family=f"postgres{args.version}",
            description=f"Parameters of {name}",
            parameters=PARAMETERS,
            opts=child,
        )
        password = admin_password(name, args, child)
        identifier = args.identifier or name
        logs = log_groups(name, identifier, args, child)
        self.instance = rds.Instance(
            name,
            identifier=identifier,
            engine="postgres",
            engine_version=str(args.version),
            instance_class=args.instance_class,
            multi_az=args.multi_az,
            username=args.admin_user,
            parameter_group_name=parameters.name,
            db_subnet_group_name=subnets.name,
            vpc_security_group_ids=args.security_group_ids,
            deletion_protection=args.deletion_protection,
            monitoring_role_arn=monitoring_role(name, subnets.arn.apply(account_of), child),
            opts=ResourceOptions.merge(child, ResourceOptions(depends_on=logs)),
            **storage(args),
            **backups(name, args),
            **ALWAYS,
            **password,
        )
        if args.alarm_topic_arn is not None:
            told = alarms(name, self.instance, args.alarm_connections, args.alarm_topic_arn)
            for subject, alarm in told.items():
                metric_alarm(f"{name}-{subject}", alarm, child)

        self.connection = PostgresConnection(
            host=self.instance.address,
            port=self.instance.port,
            admin_user=self.instance.username,
            admin_password=Output.secret(password.get("password") or kept(self.instance)),
        )
        self.alarm_connections = args.alarm_connections
        self.register_outputs({"host": self.connection.host, "port": self.connection.port})

    def panels(self) -> list[Panel]:
        title = f"Server {self.pulumi_resource_name}"
        return panels(title, self.instance, self.alarm_connections)


def log_groups(
    name: str, identifier: str, args: PostgresServerArgs, child: ResourceOptions
) -> list[pulumi.Resource]:
    """Made first: RDS would make them without an end to what they keep, nor a key of ours."""
    return [
        cloudwatch.LogGroup(
            f"{name}-{log}",
            name=f"/aws/rds/instance/{identifier}/{log}",
            retention_in_days=args.log_days,
            kms_key_id=args.kms_key_arn,
            opts=child,
        )
        for log in LOGS
    ]


def admin_password(name: str, args: PostgresServerArgs, child: ResourceOptions) -> dict[str, Any]:
    if args.password == "managed":
        key = (
            {} if args.kms_key_arn is None else {"master_user_secret_kms_key_id": args.kms_key_arn}
        )
        return {"manage_master_user_password": True, **key}
    # RDS refuses / @ " and spaces; 32 letters and digits are strong without them.
    generated = pulumi_random.RandomPassword(name, length=32, special=False, opts=child)
    return {"password": generated.result}


def kept(instance: rds.Instance) -> Output[str]:
    secret = secretsmanager.get_secret_version_output(
        secret_id=instance.master_user_secrets.apply(lambda secrets: secrets[0].secret_arn)
    )
    return secret.secret_string.apply(lambda text: str(json.loads(text)["password"]))


PARAMETERS: list[Any] = [
    {"name": "rds.force_ssl", "value": "1"},
    {"name": "log_connections", "value": "1"},
    {"name": "log_disconnections", "value": "1"},
    {"name": "log_min_duration_statement", "value": "1000"},  # milliseconds
    {"name": "log_statement", "value": "ddl"},
]
LOGS = ["postgresql", "upgrade"]
ALWAYS: dict[str, Any] = {
    "publicly_accessible": False,
    "ca_cert_identifier": "rds-ca-rsa2048-g1",
    "iam_database_authentication_enabled": True,
    "auto_minor_version_upgrade": True,
    "performance_insights_enabled": True,
    "performance_insights_retention_period": 7,  # days; more costs extra
    "enabled_cloudwatch_logs_exports": LOGS,
    "monitoring_interval": 60,  # seconds
}


def monitoring_role(name: str, account: Output[str], child: ResourceOptions) -> Output[str]:
    """Lets the server write the figures of its operating system; ready when it has the policy."""
    trusted = assumed_by_service("monitoring.rds.amazonaws.com", account)
    role = iam.Role(
        f"{name}-monitoring",
        description=f"Taken by the monitoring of server {name}",
        assume_role_policy=policy_json([trusted]),
        opts=child,
    )
    granted = iam.RolePolicyAttachment(
        f"{name}-monitoring", role=role.name, policy_arn=MONITORING, opts=child
    )
    return Output.all(role.arn, granted.id).apply(lambda made: str(made[0]))


def storage(args: PostgresServerArgs) -> dict[str, Any]:
    keys = {}
    if args.kms_key_arn is not None:
        keys = {
            "kms_key_id": args.kms_key_arn,
            "performance_insights_kms_key_id": args.kms_key_arn,
        }
    return {
        "storage_type": "gp3",
        "storage_encrypted": True,
        "allocated_storage": args.storage,
        "max_allocated_storage": args.max_storage,
        **keys,
    }


def backups(name: str, args: PostgresServerArgs) -> dict[str, Any]:
    return {
        "backup_retention_period": args.backup_days,
        "copy_tags_to_snapshot": True,
        "delete_automated_backups": False,
        "skip_final_snapshot": False,
        "final_snapshot_identifier": f"{name}-final",
    }
