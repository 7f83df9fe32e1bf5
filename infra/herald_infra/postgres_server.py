"""Creates a PostgreSQL server on RDS."""

from __future__ import annotations  # the modules of the SDK load only when they are used

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pulumi
import pulumi_random
from pulumi import Input, Output, ResourceOptions
from pulumi_aws import cloudwatch, iam, rds, secretsmanager

from herald_infra.dashboard import Panel
from herald_infra.metric_alarm import metric_alarm
from herald_infra.policy_document import account_of, policy_json, trust_service
from herald_infra.postgres_connection import PostgresConnection
from herald_infra.postgres_figures import alarms, panels
from herald_infra.restored_data import PointInTime, Snapshot, origin_options

MONITORING = "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"


@dataclass(frozen=True, kw_only=True)
class PostgresServerArgs:
    subnet_ids: Sequence[Input[str]] | Input[Sequence[str]]  # private, in at least two zones
    security_group_ids: Sequence[Input[str]] | Input[Sequence[str]]
    identifier: str | None = None  # None: the name of the component
    version: int = 17  # major version; minor versions update automatically
    allow_major_upgrade: bool = False  # True if a higher `version` may upgrade the server
    apply_immediately: bool = False  # True to apply changes before the maintenance window
    maintenance_window: str = "sun:03:00-sun:04:00"  # UTC
    backup_window: str = "01:30-02:30"  # UTC
    instance_class: str = "db.t4g.micro"
    storage: int = 20  # GiB at creation
    max_storage: int = 100  # GiB up to which it grows automatically
    alarm_connections: int = 80  # of about 110 that a db.t4g.micro allows
    multi_az: bool = True
    backup_days: int = 14
    deletion_protection: bool = True
    admin_user: str = "postgres"
    # RDS rotates a managed password every week
    password: Literal["managed", "generated"] = "managed"
    log_days: int = 30
    kms_key_arn: Input[str] | None = None  # of storage and logs; None: AWS-managed keys
    alarm_topic_arn: Input[str] | None = None
    restored: PointInTime | Snapshot | None = None  # used only at the creation of the server


class PostgresServer(pulumi.ComponentResource):
    """Creates an RDS instance that is encrypted, private and requires TLS.

    RDS keeps the administrator's password in Secrets Manager and rotates it every seven days.
    `connection` contains the current password, read on every run. `password="generated"` generates
    one password instead. Backups, a final snapshot before deletion, performance insights, enhanced
    monitoring and exported logs are always on. A customer key must permit CloudWatch Logs, for
    example EncryptionKey with `logs_region`. If `alarm_topic_arn` is set, alarms fire on busy
    processors, low storage and many connections.
    """

    connection: PostgresConnection
    identifier: Output[str]

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
            allow_major_version_upgrade=args.allow_major_upgrade,
            apply_immediately=args.apply_immediately,
            maintenance_window=args.maintenance_window,
            instance_class=args.instance_class,
            multi_az=args.multi_az,
            username=args.admin_user,
            parameter_group_name=parameters.name,
            db_subnet_group_name=subnets.name,
            vpc_security_group_ids=args.security_group_ids,
            deletion_protection=args.deletion_protection,
            monitoring_role_arn=monitoring_role(name, subnets.arn.apply(account_of), child),
            publicly_accessible=False,
            ca_cert_identifier="rds-ca-rsa2048-g1",
            iam_database_authentication_enabled=True,
            auto_minor_version_upgrade=True,
            enabled_cloudwatch_logs_exports=LOGS,
            monitoring_interval=60,  # seconds
            performance_insights_enabled=True,
            performance_insights_retention_period=7,  # days; longer retention costs extra
            performance_insights_kms_key_id=args.kms_key_arn,
            storage_type="gp3",
            storage_encrypted=True,
            kms_key_id=storage_key(args),
            allocated_storage=args.storage,
            max_allocated_storage=args.max_storage,
            backup_retention_period=args.backup_days,
            backup_window=args.backup_window,
            copy_tags_to_snapshot=True,
            delete_automated_backups=False,
            skip_final_snapshot=False,
            final_snapshot_identifier=final_snapshot(name, identifier, child),
            opts=ResourceOptions.merge(
                ResourceOptions(parent=self, depends_on=logs), origin_options(args.restored, ORIGIN)
            ),
            **restored(args.restored),
            **password,
        )
        if args.alarm_topic_arn is not None:
            told = alarms(name, self.instance, args)
            for subject, alarm in told.items():
                metric_alarm(f"{name}-{subject}", alarm, child)

        self.identifier = self.instance.identifier
        self.connection = PostgresConnection(
            host=self.instance.address,
            port=self.instance.port,
            admin_user=self.instance.username,
            admin_password=Output.secret(
                password.get("password") or managed_password(self.instance)
            ),
        )
        self.args = args
        self.register_outputs({"host": self.connection.host, "port": self.connection.port})

    def panels(self) -> list[Panel]:
        title = f"Server {self.pulumi_resource_name}"
        return panels(title, self.instance, self.args)


def log_groups(
    name: str, identifier: str, args: PostgresServerArgs, child: ResourceOptions
) -> list[pulumi.Resource]:
    """Create the log groups first, because RDS would create them without retention and key."""
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
    # RDS rejects / @ " and spaces; 32 letters and digits are strong without them.
    generated = pulumi_random.RandomPassword(name, length=32, special=False, opts=child)
    return {"password": generated.result}


def managed_password(instance: rds.Instance) -> Output[str]:
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


def monitoring_role(name: str, account: Output[str], child: ResourceOptions) -> Output[str]:
    """Return a role that writes metrics of the operating system, once it has its policy."""
    trusted = trust_service("monitoring.rds.amazonaws.com", account)
    role = iam.Role(
        f"{name}-monitoring",
        description=f"Assumed by the monitoring of server {name}",
        assume_role_policy=policy_json([trusted]),
        opts=child,
    )
    granted = iam.RolePolicyAttachment(
        f"{name}-monitoring", role=role.name, policy_arn=MONITORING, opts=child
    )
    return Output.all(role.arn, granted.id).apply(lambda made: str(made[0]))


ORIGIN = ("restoreToPointInTime", "snapshotIdentifier")


def restored(origin: PointInTime | Snapshot | None) -> dict[str, Any]:
    if isinstance(origin, Snapshot):
        return {"snapshot_identifier": origin.name}
    if origin is None:
        return {}
    moment: dict[str, Any] = {"restore_time": origin.time}
    if origin.time is None:
        moment = {"use_latest_restorable_time": True}
    return {"restore_to_point_in_time": {"source_db_instance_identifier": origin.source, **moment}}


def storage_key(args: PostgresServerArgs) -> Input[str] | None:
    """Return the key of the data; a restored snapshot keeps its own."""
    if args.kms_key_arn is not None and isinstance(args.restored, Snapshot):
        return args.restored.kms_key_arn
    return args.kms_key_arn


def final_snapshot(name: str, identifier: str, child: ResourceOptions) -> Output[str]:
    """Return a random name, because names of snapshots are unique."""
    unique = pulumi_random.RandomString(
        f"{name}-final",
        length=8,
        special=False,
        upper=False,
        keepers={"identifier": identifier},
        opts=child,
    )
    return Output.concat(name, "-final-", unique.result)
