"""Emulates Service Quotas for the limits that the stacks need.

https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_GetServiceQuota.html
"""

import json
from typing import Any

from moto.servicequotas.exceptions import NoSuchResource
from moto.servicequotas.models import ServiceQuotasBackend
from moto.servicequotas.responses import ServiceQuotasResponse

from local.aws_server.replacement import add_method, replace_method

ATTRIBUTE = "herald_quotas"  # on moto's backend, where a reset deletes it
# Values of a new account, by service and code
# https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html
NEW_ACCOUNT: dict[tuple[str, str], float] = {
    ("ec2", "L-0263D0A3"): 5,  # Elastic IP addresses
    ("ec2", "L-1216C47A"): 5,  # virtual processors of standard on-demand instances
    ("eks", "L-1194D53C"): 100,  # clusters
    ("lambda", "L-B99A9384"): 10,  # concurrent executions
    ("rds", "L-7B6409FD"): 40,  # database instances
    ("vpc", "L-F678F1CE"): 5,  # networks
}


def extend() -> None:
    """Add quotas that moto lacks, and grant requests for more at once; AWS takes days."""
    replace_method(ServiceQuotasBackend, "get_service_quota", quota)
    name = "request_service_quota_increase"
    add_method(ServiceQuotasResponse, name, lambda response: increase(response))


def quota(backend: ServiceQuotasBackend, service_code: str, quota_code: str) -> dict[str, Any]:
    key = service_code, quota_code
    if key not in NEW_ACCOUNT:
        raise NoSuchResource
    value = granted(backend).get(key, NEW_ACCOUNT[key])
    return {
        "ServiceCode": service_code,
        "QuotaCode": quota_code,
        "Value": value,
        "Unit": "None",
        "Adjustable": True,
        "GlobalQuota": False,
    }


def granted(backend: ServiceQuotasBackend) -> dict[tuple[str, str], float]:
    values: dict[tuple[str, str], float] = vars(backend).setdefault(ATTRIBUTE, {})
    return values


def increase(response: ServiceQuotasResponse) -> str:
    wanted = json.loads(response.body)
    code, service = wanted["QuotaCode"], wanted["ServiceCode"]
    granted(response.backend)[service, code] = wanted["DesiredValue"]
    answer = {"ServiceCode": service, "QuotaCode": code, "Status": "APPROVED"}
    return json.dumps({"RequestedQuota": answer})
