"""Configures Prometheus and Alertmanager with the alert rules of the platform."""

import urllib.error
import urllib.request

import yaml

from local import patience
from local.environment import REGION, Environment
from local.errors import LocalError
from local.identities import write_private
from stacks.platform.alerting import RULES, notification_routes, scrape_configuration

INTERVAL = "15s"


def write_prometheus(environment: Environment) -> None:
    """Write the scrape configuration and the rules of Prometheus."""
    pods = {"url": environment.url("POD_TARGETS_PORT"), "refresh_interval": INTERVAL}
    document = scrape_configuration({"http_sd_configs": [pods]}, INTERVAL)
    document["global"]["evaluation_interval"] = INTERVAL
    alertmanager = f"127.0.0.1:{environment.ports['ALERTMANAGER_PORT']}"
    document["alerting"] = {
        "alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}],
    }
    document["rule_files"] = [str(rules) for rules in RULES]
    write_private(environment.state / "prometheus.yaml", yaml.safe_dump(document))


def write_alertmanager(environment: Environment, topic_arn: str | None = None) -> bool:
    """Write the receiver of alerts, the alarm topic; return True if the file changed."""
    topic = topic_arn and {
        "topic_arn": topic_arn,
        "api_url": environment.url("AWS_PORT"),
        "sigv4": {"region": REGION, "access_key": "local", "secret_key": "local"},
    }
    file = environment.state / "alertmanager.yaml"
    text = yaml.safe_dump(notification_routes(topic or None))
    if file.exists() and (file.read_text() == text or not topic):
        return False
    write_private(file, text)
    return True


def set_alarm_topic(environment: Environment, topic_arn: str) -> None:
    """Configure Alertmanager to publish alerts to the alarm topic."""
    if write_alertmanager(environment, topic_arn):
        reload(environment, "ALERTMANAGER_PORT")


def reload(environment: Environment, port: str) -> None:
    """Make Prometheus or Alertmanager read its files again."""
    request = urllib.request.Request(f"{environment.url(port)}/-/reload", b"")
    try:
        urllib.request.urlopen(request, timeout=patience.stretch(10)).close()
    except urllib.error.HTTPError as error:
        raise LocalError(
            f"{port.partition('_')[0].title()} rejected its configuration:"
            f" {error.read().decode().strip()}; correct stacks/platform/alerting.py"
            " or the rules in stacks/platform/alerts"
        ) from None
