"""Serves RDS servers."""

from collections.abc import Collection, Mapping
from typing import Any

from plugins.aws.rds_resource import RdsResource
from plugins.aws.resource import tag_list
from plugins.errors import RefusedByService
from plugins.naming import prefixed_name
from plugins.values import Properties

# Property, parameter at creation, and place in a description of the instance.
_SETTINGS = {
    "allocatedStorage": ("AllocatedStorage", "AllocatedStorage"),
    "autoMinorVersionUpgrade": ("AutoMinorVersionUpgrade", "AutoMinorVersionUpgrade"),
    "availabilityZone": ("AvailabilityZone", "AvailabilityZone"),
    "backupRetentionPeriod": ("BackupRetentionPeriod", "BackupRetentionPeriod"),
    "backupWindow": ("PreferredBackupWindow", "PreferredBackupWindow"),
    "caCertIdentifier": ("CACertificateIdentifier", "CACertificateIdentifier"),
    "copyTagsToSnapshot": ("CopyTagsToSnapshot", "CopyTagsToSnapshot"),
    "dbName": ("DBName", "DBName"),
    "dbSubnetGroupName": ("DBSubnetGroupName", "DBSubnetGroup.DBSubnetGroupName"),
    "deletionProtection": ("DeletionProtection", "DeletionProtection"),
    "enabledCloudwatchLogsExports": (
        "EnableCloudwatchLogsExports",
        "EnabledCloudwatchLogsExports",
    ),
    "engine": ("Engine", "Engine"),
    "engineVersion": ("EngineVersion", "EngineVersion"),
    "iamDatabaseAuthenticationEnabled": (
        "EnableIAMDatabaseAuthentication",
        "IAMDatabaseAuthenticationEnabled",
    ),
    "instanceClass": ("DBInstanceClass", "DBInstanceClass"),
    "kmsKeyId": ("KmsKeyId", "KmsKeyId"),
    "maintenanceWindow": ("PreferredMaintenanceWindow", "PreferredMaintenanceWindow"),
    "manageMasterUserPassword": ("ManageMasterUserPassword", ""),
    "masterUserSecretKmsKeyId": ("MasterUserSecretKmsKeyId", "MasterUserSecret.KmsKeyId"),
    "maxAllocatedStorage": ("MaxAllocatedStorage", "MaxAllocatedStorage"),
    "monitoringInterval": ("MonitoringInterval", "MonitoringInterval"),
    "monitoringRoleArn": ("MonitoringRoleArn", "MonitoringRoleArn"),
    "multiAz": ("MultiAZ", "MultiAZ"),
    "parameterGroupName": ("DBParameterGroupName", "DBParameterGroups.0.DBParameterGroupName"),
    "password": ("MasterUserPassword", ""),
    "performanceInsightsEnabled": ("EnablePerformanceInsights", "PerformanceInsightsEnabled"),
    "performanceInsightsKmsKeyId": ("PerformanceInsightsKMSKeyId", "PerformanceInsightsKMSKeyId"),
    "performanceInsightsRetentionPeriod": (
        "PerformanceInsightsRetentionPeriod",
        "PerformanceInsightsRetentionPeriod",
    ),
    "port": ("Port", "Endpoint.Port"),
    "publiclyAccessible": ("PubliclyAccessible", "PubliclyAccessible"),
    "storageEncrypted": ("StorageEncrypted", "StorageEncrypted"),
    "storageType": ("StorageType", "StorageType"),
    "username": ("MasterUsername", "MasterUsername"),
    "vpcSecurityGroupIds": ("VpcSecurityGroupIds", "VpcSecurityGroups.*.VpcSecurityGroupId"),
}
_AT_DELETION = frozenset({"deleteAutomatedBackups", "finalSnapshotIdentifier", "skipFinalSnapshot"})
_AT_CHANGE = frozenset({"allowMajorVersionUpgrade", "applyImmediately"})
_AT_CREATION = frozenset({"restoreToPointInTime", "snapshotIdentifier"})
# Settings that the official plugin sends with a restore, and in a change afterwards. Others come
# from the source or the snapshot.
_AT_RESTORE = frozenset(
    {"autoMinorVersionUpgrade", "copyTagsToSnapshot", "dbSubnetGroupName", "deletionProtection"}
    | {"enabledCloudwatchLogsExports", "engine", "iamDatabaseAuthenticationEnabled"}
    | {"instanceClass", "maxAllocatedStorage", "multiAz", "parameterGroupName", "port"}
    | {"publiclyAccessible", "storageType", "vpcSecurityGroupIds"}
)
_AFTER_RESTORE = frozenset(
    {"backupRetentionPeriod", "backupWindow", "caCertIdentifier", "maintenanceWindow"}
    | {"manageMasterUserPassword", "masterUserSecretKmsKeyId", "monitoringInterval"}
    | {"monitoringRoleArn", "password", "performanceInsightsEnabled"}
    | {"performanceInsightsKmsKeyId", "performanceInsightsRetentionPeriod"}
)
_OTHER_NAMES_AT_CHANGE = {"Port": "DBPortNumber"}


class Instance(RdsResource):
    """Serves servers by the id of RDS; imports and lookups use the identifier."""

    served = frozenset(
        {*_SETTINGS, "identifier", "identifierPrefix", "tags"}
        | _AT_CHANGE
        | _AT_CREATION
        | _AT_DELETION
    )
    replaced_by = frozenset(
        {"availabilityZone", "dbName", "engine", "identifierPrefix", "kmsKeyId"}
        | {"storageEncrypted", "username"}
        | _AT_CREATION
    )
    defaults = {
        "autoMinorVersionUpgrade": True,
        "copyTagsToSnapshot": False,
        "deleteAutomatedBackups": True,
        "publiclyAccessible": False,
        "skipFinalSnapshot": False,
    }
    computed = frozenset(
        {"allocatedStorage", "applyImmediately", "availabilityZone", "backupRetentionPeriod"}
        | {"backupWindow", "caCertIdentifier", "dbName", "dbSubnetGroupName", "engineVersion"}
        | {"identifier", "identifierPrefix", "kmsKeyId", "maintenanceWindow", "multiAz"}
        | {"maxAllocatedStorage", "monitoringInterval", "monitoringRoleArn"}
        | {"masterUserSecretKmsKeyId"}
        | {"parameterGroupName", "performanceInsightsKmsKeyId", "port"}
        | {"performanceInsightsRetentionPeriod", "storageType", "username", "vpcSecurityGroupIds"}
    )
    unreadable = _AT_CHANGE | _AT_CREATION | _AT_DELETION | {"manageMasterUserPassword", "password"}
    forms = {"enabledCloudwatchLogsExports": "unordered", "vpcSecurityGroupIds": "unordered"}
    secret = frozenset({"password"})
    conflicts = (frozenset({"identifier", "identifierPrefix"}),)
    _made = ""

    def create(self, inputs: Properties) -> str:
        identifier = inputs.get("identifier") or prefixed_name(
            inputs.get("identifierPrefix", "tf-")
        )
        operation, request = _creation(identifier, inputs)
        told = self.call(operation, Tags=tag_list(inputs.get("tags", {})), **request)
        self._made = identifier
        return str(told["DBInstance"]["DbiResourceId"])

    def complete(self, resource_id: str, inputs: Properties) -> None:
        if not inputs.keys() & _AT_CREATION:
            return
        self.call(
            "modify_db_instance",
            DBInstanceIdentifier=self._made,
            ApplyImmediately=True,
            **_given(inputs, _AFTER_RESTORE),
        )

    def look(self, resource_id: str, state: Properties) -> Properties | None:
        identifier = self._made or state.get("identifier") or resource_id
        told = self.find("describe_db_instances", DBInstanceIdentifier=identifier)
        if not told or not told["DBInstances"]:
            return None
        instance = told["DBInstances"][0]
        found = {name: _at(instance, path) for name, (_, path) in _SETTINGS.items() if path}
        version, asked = found["engineVersion"], state.get("engineVersion", "")
        if asked and str(version).startswith(f"{asked}."):
            found["engineVersion"] = asked  # a program may name only the major version
        address, port = _at(instance, "Endpoint.Address"), found["port"]
        return {
            **found,
            "address": address,
            "arn": instance["DBInstanceArn"],
            "endpoint": f"{address}:{port}",
            "engineVersionActual": version,
            "masterUserSecrets": _secrets(instance),
            "hostedZoneId": _at(instance, "Endpoint.HostedZoneId"),
            "identifier": instance["DBInstanceIdentifier"],
            "resourceId": instance.get("DbiResourceId"),
            "status": instance["DBInstanceStatus"],
            **self.tags_of(instance["DBInstanceArn"]),
        }

    def update(
        self, resource_id: str, state: Properties, inputs: Properties, changed: Collection[str]
    ) -> None:
        # A setting that the program no longer names becomes empty.
        emptied = {name: type(state[name])() for name in changed if name in state}
        given = _given({**emptied, **inputs}, [name for name in _SETTINGS if name in changed])
        if "EnableCloudwatchLogsExports" in given:
            given.pop("EnableCloudwatchLogsExports")
            given["CloudwatchLogsExportConfiguration"] = _exports(state, inputs)
        if "EngineVersion" in given:
            given["AllowMajorVersionUpgrade"] = inputs.get("allowMajorVersionUpgrade", False)
        if given:
            self.call(
                "modify_db_instance",
                DBInstanceIdentifier=state["identifier"],
                ApplyImmediately=inputs.get("applyImmediately", False),
                **{_OTHER_NAMES_AT_CHANGE.get(name, name): each for name, each in given.items()},
            )
        self.change_tags(state, inputs)

    def delete(self, resource_id: str, state: Properties) -> None:
        snapshot: dict[str, Any] = {"SkipFinalSnapshot": bool(state.get("skipFinalSnapshot"))}
        if not state.get("skipFinalSnapshot"):
            if not state.get("finalSnapshotIdentifier"):
                raise RefusedByService(
                    "deleting it needs finalSnapshotIdentifier, which is not set; "
                    "set it, or skipFinalSnapshot, and run `pulumi up` first"
                )
            snapshot["FinalDBSnapshotIdentifier"] = state["finalSnapshotIdentifier"]
        self.find(
            "delete_db_instance",
            DBInstanceIdentifier=state["identifier"],
            DeleteAutomatedBackups=state.get("deleteAutomatedBackups", True),
            **snapshot,
        )


def _creation(identifier: str, inputs: Properties) -> tuple[str, dict[str, Any]]:
    """Return the operation that creates the server, and its parameters."""
    moment, snapshot = inputs.get("restoreToPointInTime"), inputs.get("snapshotIdentifier")
    if moment:
        time = {"UseLatestRestorableTime": True}
        if not moment.get("useLatestRestorableTime"):
            time = {"RestoreTime": moment["restoreTime"]}
        return "restore_db_instance_to_point_in_time", {
            "SourceDBInstanceIdentifier": moment["sourceDbInstanceIdentifier"],
            "TargetDBInstanceIdentifier": identifier,
            **time,
            **_given(inputs, _AT_RESTORE),
        }
    if snapshot:
        return "restore_db_instance_from_db_snapshot", {
            "DBInstanceIdentifier": identifier,
            "DBSnapshotIdentifier": snapshot,
            **_given(inputs, _AT_RESTORE - {"maxAllocatedStorage"}),
        }
    created = _given(inputs, _SETTINGS)
    return "create_db_instance", {"DBInstanceIdentifier": identifier, **created}


def _given(inputs: Properties, names: Collection[str]) -> dict[str, Any]:
    return {_SETTINGS[name][0]: inputs[name] for name in names if inputs.get(name) is not None}


def _exports(state: Properties, inputs: Properties) -> dict[str, list[str]]:
    old, new = ({*(each.get("enabledCloudwatchLogsExports") or [])} for each in (state, inputs))
    return {"EnableLogTypes": sorted(new - old), "DisableLogTypes": sorted(old - new)}


def _at(value: Any, path: str) -> Any:
    """Return `Endpoint.Port`, `Groups.0.Name` or `Groups.*.Name` of a description, or None."""
    name, _, rest = path.partition(".")
    if name == "*":
        return [_at(item, rest) for item in value or []]
    if isinstance(value, list):
        value = value[int(name)] if int(name) < len(value) else None
    else:
        value = value.get(name) if isinstance(value, Mapping) else None
    return _at(value, rest) if rest else value


def _secrets(instance: Mapping[str, Any]) -> list[Properties]:
    """Return the secret with the administrator's password, if RDS manages one."""
    kept = instance.get("MasterUserSecret")
    if not kept:
        return []
    return [{"secretArn": kept["SecretArn"], "kmsKeyId": kept.get("KmsKeyId", "")}]
