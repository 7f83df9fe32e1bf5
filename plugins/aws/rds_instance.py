"""Manages RDS instances."""

from collections.abc import Collection, Mapping
from typing import Any

from plugins.aws.rds_resource import RdsResource
from plugins.aws.resource import tag_list
from plugins.errors import RefusedByService
from plugins.naming import prefixed_name
from plugins.values import Properties

# Maps a property to the parameter of the creation, and to its path in the instance's description.
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
# Settings that the official plugin sends with a restore, or in a change after it. RDS takes the
# other settings from the source or the snapshot.
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
_AFTER_SNAPSHOT = _AFTER_RESTORE | {"allocatedStorage", "engineVersion", "maxAllocatedStorage"}
_OTHER_NAMES_AT_CHANGE = {"Port": "DBPortNumber"}


class Instance(RdsResource):
    """Manages instances by the resource id of RDS; imports use the instance identifier."""

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
        answer = self.call(operation, Tags=tag_list(inputs.get("tags", {})), **request)
        self._made = identifier
        return str(answer["DBInstance"]["DbiResourceId"])

    def complete(self, resource_id: str, inputs: Properties) -> None:
        if not inputs.keys() & _AT_CREATION:
            return
        self.call(
            "modify_db_instance",
            DBInstanceIdentifier=self._made,
            ApplyImmediately=True,
            AllowMajorVersionUpgrade=inputs.get("allowMajorVersionUpgrade", False),
            **_parameters(
                inputs, _AFTER_SNAPSHOT if inputs.get("snapshotIdentifier") else _AFTER_RESTORE
            ),
        )

    def find_outputs(self, resource_id: str, state: Properties) -> Properties | None:
        identifier = self._made or state.get("identifier") or resource_id
        answer = self.find("describe_db_instances", DBInstanceIdentifier=identifier)
        if not answer or not answer["DBInstances"]:
            return None
        instance = answer["DBInstances"][0]
        found = {name: _at(instance, path) for name, (_, path) in _SETTINGS.items() if path}
        version, asked = found["engineVersion"], state.get("engineVersion", "")
        if asked and str(version).startswith(f"{asked}."):
            found["engineVersion"] = asked  # the program set only the major version
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
        # A setting that the program no longer sets becomes empty.
        empty = {name: type(state[name])() for name in changed if name in state}
        request = _parameters({**empty, **inputs}, [name for name in _SETTINGS if name in changed])
        if "EnableCloudwatchLogsExports" in request:
            request.pop("EnableCloudwatchLogsExports")
            request["CloudwatchLogsExportConfiguration"] = _exports(state, inputs)
        if "EngineVersion" in request:
            request["AllowMajorVersionUpgrade"] = inputs.get("allowMajorVersionUpgrade", False)
        if request:
            self.call(
                "modify_db_instance",
                DBInstanceIdentifier=state["identifier"],
                ApplyImmediately=inputs.get("applyImmediately", False),
                **{_OTHER_NAMES_AT_CHANGE.get(name, name): each for name, each in request.items()},
            )
        self.change_tags(state, inputs)

    def delete(self, resource_id: str, state: Properties) -> None:
        snapshot: dict[str, Any] = {"SkipFinalSnapshot": bool(state.get("skipFinalSnapshot"))}
        if not state.get("skipFinalSnapshot"):
            if not state.get("finalSnapshotIdentifier"):
                raise RefusedByService(
                    "the deletion needs finalSnapshotIdentifier or skipFinalSnapshot; set one and "
                    "run `pulumi up` first"
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
            **_parameters(inputs, _AT_RESTORE),
        }
    if snapshot:
        return "restore_db_instance_from_db_snapshot", {
            "DBInstanceIdentifier": identifier,
            "DBSnapshotIdentifier": snapshot,
            **_parameters(inputs, _AT_RESTORE - {"maxAllocatedStorage"}),
        }
    created = _parameters(inputs, _SETTINGS)
    return "create_db_instance", {"DBInstanceIdentifier": identifier, **created}


def _parameters(inputs: Properties, names: Collection[str]) -> dict[str, Any]:
    return {_SETTINGS[name][0]: inputs[name] for name in names if inputs.get(name) is not None}


def _exports(state: Properties, inputs: Properties) -> dict[str, list[str]]:
    old, new = ({*(each.get("enabledCloudwatchLogsExports") or [])} for each in (state, inputs))
    return {"EnableLogTypes": sorted(new - old), "DisableLogTypes": sorted(old - new)}


def _at(value: Any, path: str) -> Any:
    """Return the value at a path, for example `Groups.0.Name` or `Groups.*.Name`, or None."""
    name, _, rest = path.partition(".")
    if name == "*":
        return [_at(item, rest) for item in value or []]
    if isinstance(value, list):
        value = value[int(name)] if int(name) < len(value) else None
    else:
        value = value.get(name) if isinstance(value, Mapping) else None
    return _at(value, rest) if rest else value


def _secrets(instance: Mapping[str, Any]) -> list[Properties]:
    """Return the secret with the administrator's password, if RDS manages the password."""
    secret = instance.get("MasterUserSecret")
    if not secret:
        return []
    return [{"secretArn": secret["SecretArn"], "kmsKeyId": secret.get("KmsKeyId", "")}]
