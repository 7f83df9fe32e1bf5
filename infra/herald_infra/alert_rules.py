"""Creates alert rules of Prometheus and the route of their alerts."""

from __future__ import annotations  # the modules of the SDK load only when they are used

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi import Input, Output, ResourceOptions
from pulumi_aws import amp

from herald_infra.metric_alarm import MetricAlarmArgs, metric_alarm


@dataclass(frozen=True, kw_only=True)
class AlertRulesArgs:
    workspace_id: Input[str]  # of Amazon Managed Service for Prometheus
    rules: Mapping[str, str]  # rule files in the format of Prometheus, by name
    routes: Input[str]  # configuration of Alertmanager, with SNS as the only receiver
    alarm_topic_arn: Input[str]  # must permit aps.amazonaws.com to publish


class AlertRules(pulumi.ComponentResource):
    """Evaluates rule files on a workspace, and publishes the start and end of alerts to a topic.

    If alerts cannot be published, an alarm of CloudWatch fires, which does not need Prometheus.
    """

    def __init__(
        self, name: str, args: AlertRulesArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("herald:infra:AlertRules", name, {}, opts)
        child = ResourceOptions(parent=self)
        for file, text in args.rules.items():
            amp.RuleGroupNamespace(
                f"{name}-{file}",
                name=f"{name}-{file}",
                workspace_id=args.workspace_id,
                data=text,
                opts=child,
            )
        amp.AlertManagerDefinition(
            name,
            workspace_id=args.workspace_id,
            definition=Output.json_dumps(
                {"alertmanager_config": args.routes}  # JSON is YAML
            ),
            opts=child,
        )
        metric_alarm(f"{name}-unheard", unpublished_alerts(name, args), child)
        self.register_outputs({})


def unpublished_alerts(name: str, args: AlertRulesArgs) -> MetricAlarmArgs:
    return MetricAlarmArgs(
        description=f"Alerts of {name} could not be published to the alarm topic",
        namespace="AWS/Prometheus",
        metric="AlertManagerNotificationsFailed",
        dimensions={"Workspace": args.workspace_id},
        statistic="Sum",
        threshold=0,
        topic_arn=args.alarm_topic_arn,
    )
