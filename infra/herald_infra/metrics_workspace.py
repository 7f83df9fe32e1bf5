"""Creates a managed Prometheus: a workspace for metrics, and their collector."""

from __future__ import annotations  # the modules of the SDK load only when they are used

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi import Input, Output, ResourceOptions
from pulumi_aws import amp


@dataclass(frozen=True, kw_only=True)
class MetricsWorkspaceArgs:
    alias: str


class MetricsWorkspace(pulumi.ComponentResource):
    """Creates a workspace of Amazon Managed Service for Prometheus with an AWS-managed key.

    It keeps metrics for 150 days. `MetricsCollector` fills it, and `AlertRules` evaluates it.
    """

    id: Output[str]
    arn: Output[str]

    def __init__(
        self, name: str, args: MetricsWorkspaceArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("herald:infra:MetricsWorkspace", name, {}, opts)
        child = ResourceOptions(parent=self)
        self.workspace = amp.Workspace(name, alias=args.alias, opts=child)
        self.id, self.arn = self.workspace.id, self.workspace.arn
        self.register_outputs({"id": self.id, "arn": self.arn})


@dataclass(frozen=True, kw_only=True)
class MetricsCollectorArgs:
    workspace_arn: Input[str]
    cluster_arn: Input[str]  # of EKS, with a private endpoint and access entries
    subnet_ids: Sequence[Input[str]] | Input[Sequence[str]]  # of the cluster, in two zones
    security_group_ids: Sequence[Input[str]]  # with access to the pods and the API of the cluster
    configuration: str  # of Prometheus, with `scrape_configs`; intervals of at least 30 s


class MetricsCollector(pulumi.ComponentResource):
    """Collects metrics of pods without a workload in the cluster.

    AWS runs the collector and gives it access to the cluster. Its addresses are in the subnets, so
    network policies must admit them.
    """

    arn: Output[str]

    def __init__(
        self, name: str, args: MetricsCollectorArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("herald:infra:MetricsCollector", name, {}, opts)
        self.scraper = amp.Scraper(
            name,
            alias=name,
            source={
                "eks": {
                    "cluster_arn": args.cluster_arn,
                    "subnet_ids": args.subnet_ids,
                    "security_group_ids": args.security_group_ids,
                }
            },
            destination={"amp": {"workspace_arn": args.workspace_arn}},
            scrape_configuration=args.configuration,
            opts=ResourceOptions(parent=self),
        )
        self.arn = self.scraper.arn
        self.register_outputs({"arn": self.arn})
