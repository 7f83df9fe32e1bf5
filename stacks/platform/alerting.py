"""Configures the collection of metrics and the receivers of alerts, on AWS and locally.

The rules themselves are the files of `stacks/platform/alerts/`, in Prometheus's own format.
"""

from pathlib import Path
from typing import Any

RULES = sorted((Path(__file__).parent / "alerts").glob("*.yaml"))
JOB = "herald"  # used by the rules
SUBJECT = "{{ .Status | toUpper }}: {{ .GroupLabels.alertname }}"
MESSAGE = """{{ range .Alerts }}{{ .Status }} ({{ .Labels.severity }}): {{ .Annotations.summary }}
{{ .Annotations.description }}
{{ .Annotations.runbook_url }}

{{ end }}"""


def scrape_configuration(discovery: dict[str, Any], interval: str) -> dict[str, Any]:
    """Return Prometheus's configuration to scrape each pod with a port named `metrics`.

    `discovery` finds the pods, with the labels of Prometheus's discovery of Kubernetes. The label
    `service` is the name of the workload without the prefix of the environment.
    """
    return {
        "global": {"scrape_interval": interval, "scrape_timeout": "10s"},
        "scrape_configs": [
            {
                "job_name": JOB,
                "relabel_configs": [
                    keep("container_port_name", "metrics"),
                    keep("phase", "Running"),
                    keep("label_app_kubernetes_io_part_of", "herald"),
                    label("pod", "name", "(.+)"),
                    label("service", "label_app_kubernetes_io_name", "[a-z0-9]+-(.+)"),
                ],
                **discovery,
            }
        ],
    }


def keep(source: str, value: str) -> dict[str, Any]:
    return {"source_labels": [f"__meta_kubernetes_pod_{source}"], "regex": value, "action": "keep"}


def label(name: str, source: str, value: str) -> dict[str, Any]:
    return {
        "source_labels": [f"__meta_kubernetes_pod_{source}"],
        "regex": value,
        "target_label": name,
    }


def notification_routes(topic: dict[str, Any] | None) -> dict[str, Any]:
    """Return the configuration of Alertmanager, which sends alerts and their ends to SNS.

    `topic` has `topic_arn`, `sigv4` and other members of `sns_configs`; without a topic,
    alerts notify nobody.
    """
    message = {"send_resolved": True, "subject": SUBJECT, "message": MESSAGE}
    return {
        "route": {
            "receiver": "alarms",
            "group_by": ["alertname", "service"],
            "group_wait": "10s",
            "group_interval": "30s",
            "repeat_interval": "4h",
        },
        "receivers": [
            {"name": "alarms", **({"sns_configs": [{**topic, **message}]} if topic else {})}
        ],
    }
