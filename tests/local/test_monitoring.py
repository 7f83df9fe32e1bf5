"""Prometheus and Alertmanager load the platform's own files."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from local import monitoring
from local.environment import Environment
from stacks.platform.alerting import RULES

TOPIC = "arn:aws:sns:eu-central-1:123456789012:local-alarms-1a2b3c4"


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    return Environment(tmp_path)


def test_prometheus_loads_rules_of_the_platform(environment):
    monitoring.write_prometheus(environment)
    document = yaml.safe_load((environment.state / "prometheus.yaml").read_text())
    assert [Path(file).name for file in document["rule_files"]] == [
        "deliveries.yaml", "messages.yaml", "silence.yaml",
    ]  # fmt: skip
    [job] = document["scrape_configs"]
    url = environment.url("POD_TARGETS_PORT")
    assert job["http_sd_configs"] == [{"url": url, "refresh_interval": "15s"}]
    assert document["alerting"]["alertmanagers"] == [
        {"static_configs": [{"targets": [f"127.0.0.1:{environment.ports['ALERTMANAGER_PORT']}"]}]}
    ]


@pytest.mark.integration
def test_prometheus_accepts_the_configuration(environment):
    monitoring.write_prometheus(environment)
    promtool = shutil.which("promtool", path=f"{Environment().links}:/usr/bin")
    assert promtool, "`make packages` provides promtool"
    done = subprocess.run(
        [promtool, "check", "config", str(environment.state / "prometheus.yaml")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("rules found") == len(RULES)


def test_alarm_topic_is_written_once(environment):
    written = [
        monitoring.write_alertmanager(environment, topic) for topic in (None, TOPIC, TOPIC, None)
    ]
    assert written == [True, True, False, False]
    document = yaml.safe_load((environment.state / "alertmanager.yaml").read_text())
    [receiver] = document["receivers"]
    [topic] = receiver["sns_configs"]
    assert (topic["topic_arn"], topic["api_url"], topic["send_resolved"]) == (
        TOPIC, environment.url("AWS_PORT"), True,
    )  # fmt: skip
    assert document["route"]["receiver"] == receiver["name"]
