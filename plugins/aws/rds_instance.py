"""One RDS server."""

from collections.abc import Collection, Mapping
from typing import Any

from local.providers.aws.rds_resource import RdsResource
from local.providers.aws.resource import tag_list
from local.providers.errors import RefusedByService
from local.providers.naming import prefixed_name
from local.providers.values import Properties

# Property, its parameter at creation, and where a description of the instance has it.
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
_OTHER_NAMES_AT_CHANGE = {"Port": "DBPortNumber"}


class Instance(RdsResource):
    """Its id is the one that RDS gives; it is imported, and looked up, by its identifier."""

    served = frozenset(
        {*_SETTINGS, "identifier", "identifierPrefix", "tags"} | _AT_CHANGE | _AT_DELETION
    )
    replaced_by = frozenset(
        {"availabilityZone", "dbName", "engine", "identifierPrefix", "kmsKeyId"}
        | {"storageEncrypted", "username"}
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
    unreadable = _AT_CHANGE | _AT_DELETION | {"manageMasterUserPassword", "password"}
    forms = {"enabledCloudwatchLogsExports": "unordered", "vpcSecurityGroupIds": "unordered"}
    secret = frozenset({"password"})
    conflicts = (frozenset({"identifier", "identifierPrefix"}),)
    _made = ""

    def create(self, inputs: Properties) -> str:
        identifier = inputs.get("identifier") or prefixed_name(
            inputs.get("identifierPrefix", "tf-")
        )
        told = self.call(
            "create_db_instance",
            DBInstanceIdentifier=identifier,
            Tags=tag_list(inputs.get("tags", {})),
            **_given(inputs, _SETTINGS),
        )
        self._made = identifier
        return str(told["DBInstance"]["DbiResourceId"])

    def look(self, resource_id: str, state: Properties) -> Properties | None:
        identifier = self._made or state.get("identifier") or resource_id
        told = self.find("describe_db_instances", DBInstanceIdentifier=identifier)
        if not told or not told["DBInstances"]:
            return None
        instance = told["DBInstances"][0]
        found = {name: _at(instance, path) for name, (_, path) in _SETTINGS.items() if path}
        version, asked = found["engineVersion"], state.get("engineVersion", "")
        if asked and str(version).startswith(f"{asked}."):
            found["engineVersion"] = asked  # a program may name the major version only
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
        # A setting that the program no longer names goes back to nothing.
        emptied = {name: type(state[name])() for name in changed if name in state}
        given = _given({**emptied, **inputs}, [name for name in _SETTINGS if name in changed])
        if "EnableCloudwatchLogsExports" in given:
            given.pop("EnableCloudwatchLogsExports")
            given["CloudwatchLogsExportConfiguration"] = _exports(state, inputs)
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


def _given(inputs: Properties, names: Collection[str]) -> dict[str, Any]:
    return {_SETTINGS[name][0]: inputs[name] for name in names if inputs.get(name) is not None}


def _exports(state: Properties, inputs: Properties) -> dict[str, list[str]]:
    old, new = ({*(each.get("enabledCloudwatchLogsExports") or [])} for each in (state, inputs))
    return {"EnableLogTypes": sorted(new - old), "DisableLogTypes": sorted(old - new)}


def _at(value: Any, path: str) -> Any:
    """`Endpoint.Port`, `Groups.0.Name`, `Groups.*.Name` of a description; None when not there."""
    name, _, rest = path.partition(".")
    if name == "*":
        return [_at(item, rest) for item in value or []]
    if isinstance(value, list):
        value = value[int(name)] if int(name) < len(value) else None
    else:
        value = value.get(name) if isinstance(value, Mapping) else None
    return _at(value, rest) if rest else value


def _secrets(instance: Mapping[str, Any]) -> list[Properties]:
    """Where RDS keeps the administrator's password, when it does."""
    kept = instance.get("MasterUserSecret")
    if not kept:
        return []
    return [{"secretArn": kept["SecretArn"], "kmsKeyId": kept.get("KmsKeyId", "")}]
