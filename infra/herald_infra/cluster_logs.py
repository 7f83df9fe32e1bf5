"""Ships the logs of a cluster's pods and nodes to CloudWatch."""

from __future__ import annotations  # so that the SDK's modules load only when used

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi import Input, Output, ResourceOptions
from pulumi_aws import cloudwatch, iam

from herald_infra.cluster_addon import cluster_addon
from herald_infra.encryption_key import EncryptionKey, EncryptionKeyArgs
from herald_infra.policy_document import policy_json
from herald_infra.service_role import trust

# The add-on writes to `/aws/containerinsights/CLUSTER/KIND`: pods, kubelet and containerd, kernel.
KINDS = ("application", "dataplane", "host")
WRITES = ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"]
ADDON = "amazon-cloudwatch-observability"
ACCOUNT = ("amazon-cloudwatch", "cloudwatch-agent")  # namespace and name of its service account
# Logs alone: Prometheus has the metrics, and no agent may change our pods.
CONFIGURATION: Mapping[str, Any] = {
    "containerLogs": {"enabled": True},
    "containerInsights": {"enabled": False},
    "otelContainerInsights": {"enabled": False},
    "manager": {"applicationSignals": {"autoMonitor": {"monitorAllServices": False}}},
}


@dataclass(frozen=True, kw_only=True)
class ClusterLogsArgs:
    account_id: Input[str]
    region: str
    cluster: str  # name, as the log groups have it
    cluster_name: Input[str]  # the same, known once the cluster is there
    cluster_version: str  # of Kubernetes
    oidc_provider_arn: Input[str]
    days: int = 90


class ClusterLogs(pulumi.ComponentResource):
    """Creates log groups with a retention and a key of their own, and the add-on that fills them.

    The add-on's role may write to these groups and do nothing else.
    """

    def __init__(
        self, name: str, args: ClusterLogsArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("herald:infra:ClusterLogs", name, {}, opts)
        child = ResourceOptions(parent=self)
        key = EncryptionKey(
            name,
            EncryptionKeyArgs(account_id=args.account_id, services=(), logs_region=args.region),
            child,
        )
        groups = [
            cloudwatch.LogGroup(
                f"{name}-{kind}",
                name=f"/aws/containerinsights/{args.cluster}/{kind}",
                retention_in_days=args.days,
                kms_key_id=key.arn,
                opts=child,
            )
            for kind in KINDS
        ]
        trusted = Output.all(args.oidc_provider_arn, *ACCOUNT)
        role = iam.Role(
            name,
            description=f"Assumed by the add-on that ships the logs of {name}",
            assume_role_policy=Output.json_dumps(trusted.apply(trust)),
            opts=child,
        )
        streams = [Output.concat(group.arn, ":*") for group in groups]
        granted = iam.RolePolicy(
            name,
            role=role.name,
            policy=policy_json([{"Effect": "Allow", "Action": WRITES, "Resource": streams}]),
            opts=child,
        )
        cluster_addon(
            name,
            ADDON,
            args.cluster_version,
            args.cluster_name,
            CONFIGURATION,
            ResourceOptions.merge(child, ResourceOptions(depends_on=[granted, *groups])),
            role.arn,
        )
        self.register_outputs({})
