"""Every breach."""

from tests.review.policies.breaches import (
    access,
    account,
    cluster,
    email,
    functions,
    messaging,
    storage,
    workloads,
)

BREACHES = [
    *messaging.MESSAGING,
    *storage.STORAGE,
    *email.EMAIL,
    *functions.FUNCTIONS,
    *access.ACCESS,
    *cluster.CLUSTER,
    *cluster.ALL_TYPES,
    *workloads.WORKLOADS,
    *account.ACCOUNT,
]
