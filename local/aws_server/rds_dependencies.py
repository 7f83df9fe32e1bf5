"""Connects RDS to its keys and logs as in AWS; moto accepts any key, and logs nothing."""

from typing import Any

from moto.logs.models import logs_backends
from moto.rds.exceptions import KMSKeyNotAccessibleFault
from moto.rds.models import DBInstance, RDSBackend

METRICS, METRICS_DAYS = "RDSOSMetrics", 30  # log group of Enhanced Monitoring, for all servers


def expect_usable_key(backend: RDSBackend, key: str | None) -> None:
    """Reject keys of storage that are missing, disabled or scheduled for deletion."""
    if key is None:
        return
    _, _, _, region, account, resource = backend._validate_kms_key(key).split(":", 5)
    kms: Any = backend.get_backend("kms", region, account)
    if kms.describe_key(resource.partition("/")[2]).key_state != "Enabled":
        raise KMSKeyNotAccessibleFault(key)


def start_monitoring(instance: DBInstance) -> None:
    """Create the log group of Enhanced Monitoring, which AWS never deletes."""
    backend = instance.backend
    logs: Any = logs_backends[backend.account_id][backend.region_name]
    if int(vars(instance).get("monitoring_interval") or 0) and METRICS not in logs.groups:
        logs.create_log_group(METRICS, {})
        logs.put_retention_policy(METRICS, METRICS_DAYS)
