"""Makes instances behave as in RDS; moto only stores settings, and applies all at once."""

import json
import secrets
from datetime import UTC, datetime
from typing import Any

from moto.rds.exceptions import InvalidParameterCombination, InvalidParameterValue
from moto.rds.models import DBInstance, DBSnapshot, MasterUserSecret, RDSBackend

from local.aws_server.rds_dependencies import expect_usable_key, start_monitoring
from local.aws_server.rds_servers import HOST, Server, Servers
from local.aws_server.replacement import add_attribute, replace_method, replace_property

Settings = dict[str, Any]
create_moto_instance = RDSBackend.create_db_instance
modify_moto_instance = RDSBackend.modify_db_instance
delete_moto_instance = RDSBackend.delete_db_instance
create_moto_snapshot = RDSBackend.create_db_snapshot
moto_address = vars(DBInstance)["address"].fget

# Changes that wait for the maintenance window.
WAITING = (
    *("allocated_storage", "db_instance_class", "engine_version", "iops", "multi_az"),
    *("storage_throughput", "storage_type"),
)
# Settings that moto's constructor drops.
FORGOTTEN = ("enable_performance_insights", "performance_insights_")
# A restored instance inherits these settings unless the request overrides them.
OF_SOURCE = (
    "allocated_storage auto_minor_version_upgrade backup_retention_period "
    "ca_certificate_identifier copy_tags_to_snapshot db_instance_class engine engine_version "
    "enable_iam_database_authentication kms_key_id master_username multi_az "
    "preferred_backup_window preferred_maintenance_window publicly_accessible storage_encrypted "
    "storage_type"
).split()


def extend(servers: Servers | None) -> None:
    """Replace moto's methods for RDS instances: `servers` runs each one as a real PostgreSQL."""
    add_attribute(RDSBackend, "servers", servers)
    replace_method(RDSBackend, "create_db_instance", create)
    replace_method(RDSBackend, "modify_db_instance", modify)
    replace_method(RDSBackend, "delete_db_instance", delete)
    replace_method(RDSBackend, "create_db_snapshot", create_snapshot)
    # In moto, an instance that is made again within a minute has the backup of the first.
    replace_method(DBInstance, "save_automated_backup", save_automated_backup)
    replace_method(RDSBackend, "restore_db_instance_to_point_in_time", restore_point_in_time)
    replace_method(RDSBackend, "restore_db_instance_from_db_snapshot", restore_snapshot)
    replace_property(DBInstance, "address", address)
    # moto uses one name and password for all administrators, and rotates neither.
    replace_method(MasterUserSecret, "_generate_secret_string", generate_secret)
    replace_method(MasterUserSecret, "rotate_secret", rotate_secret)


def address(instance: DBInstance) -> str:
    return HOST if "server" in vars(instance) else str(moto_address(instance))


def generate_secret(secret: MasterUserSecret) -> str:
    user = secret.resource.master_username
    return json.dumps({"username": user, "password": secrets.token_hex(16)})


def rotate_secret(secret: MasterUserSecret) -> None:
    """Renew the password as RDS does every seven days."""
    secret.secretsmanager.put_secret_value(
        secret_id=secret.secret.arn,
        secret_string=generate_secret(secret),
        secret_binary="",
        client_request_token="",
        version_stages=["AWSCURRENT"],
    )


def create(backend: Any, settings: Settings) -> DBInstance:
    check_family(backend, settings.get("engine_version"), settings.get("db_parameter_group_name"))
    instance = record(backend, settings)
    if backend.servers is not None:
        serve(instance, backend.servers.create(instance.db_instance_identifier))
    return instance


def record(backend: RDSBackend, settings: Settings) -> DBInstance:
    """Store an instance with a unique id, and with settings that moto omits."""
    expect_usable_key(backend, settings.get("kms_key_id"))
    instance: DBInstance = create_moto_instance(backend, settings)
    vars(instance).update(insights(settings), dbi_resource_id=f"db-{secrets.token_hex(13).upper()}")
    start_monitoring(instance)
    return instance


def insights(settings: Settings) -> Settings:
    """Return the settings of Performance Insights, by their names in a description."""
    kept = {name: value for name, value in settings.items() if name.startswith(FORGOTTEN)}
    if "enable_performance_insights" in kept:
        kept["performance_insights_enabled"] = kept.pop("enable_performance_insights")
    return kept


def serve(instance: DBInstance, server: Server) -> None:
    vars(instance)["server"] = server
    instance.port = server.port
    renew_administrator(instance)


def renew_administrator(instance: DBInstance) -> None:
    server: Server | None = vars(instance).get("server")
    if server is not None:
        server.set_administrator(str(instance.master_username), password_of(instance))


def password_of(instance: DBInstance) -> str:
    if not instance.manage_master_user_password:
        return str(vars(instance)["_master_user_password"])
    kept = instance.master_user_secret
    secret = kept.secretsmanager.get_secret_value(kept.secret_arn, "", "")
    return str(json.loads(secret["SecretString"])["password"])


def modify(backend: Any, identifier: str, settings: Settings) -> DBInstance:
    instance = backend.describe_db_instances(identifier)[0]
    check_upgrade(backend, instance, settings)
    if settings.get("allocated_storage", instance.allocated_storage) < instance.allocated_storage:
        raise InvalidParameterCombination("Storage cannot be decreased.")
    before = instance.engine_version
    now = schedule(instance, settings)
    modified: DBInstance = modify_moto_instance(backend, identifier, now)
    vars(modified).update(insights(settings))
    start_monitoring(modified)
    if {"manage_master_user_password", "master_user_password", "rotate_master_user_password"} & {
        *settings
    }:
        renew_administrator(modified)
    if modified.engine_version != before and "server" in vars(modified):
        vars(modified)["server"].restart()  # as an upgrade does; the programs stay the same
    return modified


def schedule(instance: DBInstance, settings: Settings) -> Settings:
    """Return the changes to apply now; those that wait are applied by the next immediate one."""
    now, waiting = dict(settings), dict(vars(instance).get("pending_modified_values") or {})
    if settings.get("apply_immediately"):
        now, waiting = {**waiting, **now}, {}
    else:
        waiting |= {name: now.pop(name) for name in WAITING if name in now}
    vars(instance)["pending_modified_values"] = waiting
    return now


def check_upgrade(backend: RDSBackend, instance: DBInstance, settings: Settings) -> None:
    """Reject upgrades that RDS rejects."""
    version = settings.get("engine_version", instance.engine_version)
    upgrades = major(version) != major(instance.engine_version)
    if upgrades and not settings.get("allow_major_version_upgrade"):
        raise InvalidParameterCombination(
            "The AllowMajorVersionUpgrade flag must be present when upgrading to a new major "
            "version."
        )
    group = settings.get("db_parameter_group_name", instance.db_parameter_group_name)
    check_family(backend, version, group)


def check_family(backend: RDSBackend, version: str | None, group: str | None) -> None:
    known = backend.db_parameter_groups.get(group or "")
    if known is None or version is None or known.family == f"postgres{major(version)}":
        return
    raise InvalidParameterCombination(
        f"The parameter group {group} with DBParameterGroupFamily {known.family} can't be used for "
        f"this instance. Please use a parameter group with DBParameterGroupFamily "
        f"postgres{major(version)}."
    )


def major(version: str | None) -> str:
    return str(version).partition(".")[0]


def delete(backend: Any, db_instance_identifier: str, **options: Any) -> DBInstance:
    instance: DBInstance = delete_moto_instance(backend, db_instance_identifier, **options)
    if "server" in vars(instance):
        backend.servers.delete(db_instance_identifier)
    return instance


def create_snapshot(
    backend: Any,
    db_instance_identifier: str,
    db_snapshot_identifier: str,
    snapshot_type: str = "manual",
    **options: Any,
) -> DBSnapshot:
    snapshot: DBSnapshot = create_moto_snapshot(
        backend, db_instance_identifier, db_snapshot_identifier, snapshot_type, **options
    )
    if snapshot_type == "manual" and "server" in vars(snapshot.database):
        backend.servers.take_snapshot(db_instance_identifier, db_snapshot_identifier)
    return snapshot


def save_automated_backup(instance: DBInstance) -> None:
    name = f"rds:{instance.db_instance_identifier}-{datetime.now(UTC):%Y-%m-%d-%H-%M-%S}"
    instance.backend.create_auto_snapshot(instance.db_instance_identifier, name)


def restore_point_in_time(backend: Any, source: str, target: str, request: Settings) -> DBInstance:
    origin = backend.describe_db_instances(db_instance_identifier=source)[0]
    moment = restorable_moment(origin, request)
    settings = inherit_settings(origin, request, db_instance_identifier=target)
    instance = record(backend, settings)
    if "server" in vars(origin):
        serve(instance, backend.servers.restore(source, target, moment))
    return instance


def restorable_moment(origin: DBInstance, request: Settings) -> datetime | None:
    """Return the moment of a restore, None for the latest; reject moments without a backup."""
    if not origin.backup_retention_period:
        raise InvalidParameterValue("Automated backups are not enabled for the source instance.")
    if request.get("use_latest_restorable_time"):
        return None
    moment: datetime = request["restore_time"]
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    earliest = origin.created if origin.created.tzinfo else origin.created.replace(tzinfo=UTC)
    if not earliest <= moment <= datetime.now(UTC):
        raise InvalidParameterValue(
            f"The specified time {moment.isoformat()} is not within the backup window of "
            f"{origin.db_instance_identifier}."
        )
    return moment


def inherit_settings(origin: DBInstance, request: Settings, **settings: Any) -> Settings:
    own = {name: getattr(origin, name, None) for name in OF_SOURCE}
    asked = {name: value for name, value in request.items() if value is not None}
    for name in ("source_db_instance_identifier", "db_snapshot_identifier"):
        asked.pop(name, None)
    password = vars(origin).get("_master_user_password") or secrets.token_hex(16)
    return {**own, "master_user_password": password, **asked, **settings}


def restore_snapshot(backend: Any, name: str, request: Settings) -> DBInstance:
    snapshot = backend.describe_db_snapshots(
        db_instance_identifier=None, db_snapshot_identifier=name
    )[0]
    settings = inherit_settings(snapshot.database, {**request, "kms_key_id": snapshot.kms_key_id})
    instance = record(backend, settings)
    if "server" in vars(snapshot.database):
        server = backend.servers.restore_snapshot(name, instance.db_instance_identifier)
        serve(instance, server)
    return instance
