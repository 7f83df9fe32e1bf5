"""Creates the alert rules of the platform on the metrics that the foundation collects."""

from herald_infra.alert_rules import AlertRules, AlertRulesArgs
from pulumi import Output

from stacks.platform.alerting import RULES, notification_routes
from stacks.platform.platform_parts import Platform


def alert_rules(platform: Platform) -> None:
    """Create the rules and publish their alerts to the alarm topic, if metrics are collected."""
    workspace_id = platform.existing.metrics_workspace_id
    if workspace_id is None:
        return
    topic = {"topic_arn": platform.alarms.arn, "sigv4": {"region": platform.config.region}}
    AlertRules(
        platform.full_name("alerts"),
        AlertRulesArgs(
            workspace_id=workspace_id,
            rules={file.stem: file.read_text(encoding="utf-8") for file in RULES},
            routes=Output.json_dumps(notification_routes(topic)),
            alarm_topic_arn=platform.alarms.arn,
        ),
    )
