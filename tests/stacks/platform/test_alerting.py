"""Every alert fires, stays quiet in normal operation, clears, and names its runbook."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.environment import Environment
from stacks.config.project import ROOT
from stacks.platform.alerting import RULES, scrape_configuration

RUNBOOKS = "https://github.com/example/herald/blob/main/docs/runbooks/"
ALERTS = {
    rule["alert"]: rule
    for file in RULES
    for group in yaml.safe_load(file.read_text())["groups"]
    for rule in group["rules"]
}
# Four samples a minute. `a+bxn` is Prometheus's notation: n steps of b from a.
HEALTHY = {
    'process_start_time_seconds{job="herald", service="reminder-service"}': "1x400",
    'process_start_time_seconds{job="herald", service="event-service"}': "1x400",
    'process_start_time_seconds{job="herald", service="notification-service"}': "1x400",
    'up{job="herald", service="event-service", pod="event-1"}': "1x400",
    "canary_delivered_timestamp_seconds": "0+15x400",
    'canary_lateness_seconds_bucket{le="1"}': "0+1x400",
    'canary_lateness_seconds_bucket{le="60"}': "0+1x400",
    'canary_lateness_seconds_bucket{le="+Inf"}': "0+1x400",
    'notification_lateness_seconds_bucket{le="1"}': "0+100x400",
    'notification_lateness_seconds_bucket{le="60"}': "0+100x400",
    'notification_lateness_seconds_bucket{le="+Inf"}': "0+100x400",
    "notifications_overdue_seconds": "2x400",
    "notifications_rejected": "0x400",
    "notifications_published_total": "0+100x400",
    'outbox_oldest_seconds{service="event-service"}': "1x400",
    'outbox_rejected_events{service="event-service"}': "0x400",
    'dead_letters{service="event-service"}': "0x400",
    'queue_oldest_seconds{service="event-service"}': "2x400",
    'deliveries_total{channel="push", outcome="delivered"}': "0+100x400",
    'deliveries_total{channel="push", outcome="failed"}': "0+1x400",
    'deliveries_total{channel="email", outcome="delivered"}': "0+100x400",
    'email_feedback_total{kind="bounce"}': "0+1x400",
    'email_feedback_total{kind="complaint"}': "0x400",
    'waiting_notifications_oldest_seconds{channel="email"}': "900x400",
    'provider_spared{provider="fcm"}': "0x400",
    'provider_misconfigured{provider="ses"}': "0x400",
    'text_template_failures_total{kind="digest", locale="de", channel="email"}': "3x400",
    'http_requests_total{service="reminder-service", status="200"}': "0+1000x400",
    'http_requests_total{service="reminder-service", status="503"}': "0+5x400",
    'http_request_duration_seconds_bucket{service="reminder-service", le="0.1"}': "0+1000x400",
    'http_request_duration_seconds_bucket{service="reminder-service", le="5"}': "0+1000x400",
    'http_request_duration_seconds_bucket{service="reminder-service", le="+Inf"}': "0+1000x400",
}


@dataclass(frozen=True)
class Case:
    """An hour in which something fails after 10 minutes and works again after 40."""

    alert: str
    series: dict[str, str]  # in the place of the healthy ones
    fires: str = "12m"  # the latest moment: two minutes after the failure, unless given
    labels: dict[str, str] = field(default_factory=dict)
    also: tuple[str, ...] = ()  # alerts that the same failure fires
    clears: str = "60m"


def spell(before: float, during: float) -> str:
    """Values of a gauge that is `during` from minute 10 to minute 40."""
    return f"{before}x40 {during}x119 {before}x240"


def burst(before: int, during: int) -> str:
    """Values of a counter that grows by `during` a sample from minute 10 to minute 40."""
    middle, end = 40 * before, 40 * before + 120 * during
    return f"0+{before}x40 {middle + during}+{during}x119 {end + before}+{before}x240"


STOPPED = burst(100, 0)
GONE = "1x40 stale _x119 1x240"
EVENTS, REMINDERS = {"service": "event-service"}, {"service": "reminder-service"}
CASES = [
    Case(
        "CanarySilent",
        {"canary_delivered_timestamp_seconds": "0+15x40 600x119 2400+15x240"},
    ),
    *(
        Case(
            "ServiceSilent",
            {f'process_start_time_seconds{{job="herald", service="{name}"}}': GONE},
            labels={"service": name, "job": "herald"},
        )
        for name in ("reminder-service", "event-service", "notification-service")
    ),
    Case(
        "PodSilent",
        {'up{job="herald", service="event-service", pod="event-1"}': spell(1, 0)},
        "16m",
        {"job": "herald", "pod": "event-1", **EVENTS},
    ),
    Case(
        "SchedulerStopped",
        {"notifications_overdue_seconds": "2x41 0+15x118 2x240",
         "notifications_published_total": STOPPED},
        also=("NotificationsOverdue",),
    ),
    Case(  # a function: nothing scrapes it
        "SchedulerStopped",
        {"notifications_overdue_seconds": "2x41 0+15x118 2x240",
         "notifications_published_total": "_x400"},
        also=("NotificationsOverdue",),
    ),
    Case(
        "RelayStopped",
        {'outbox_oldest_seconds{service="event-service"}': "1x41 0+15x118 1x240"},
        labels=EVENTS,
    ),
    Case(
        "CanaryLate",
        {'canary_lateness_seconds_bucket{le="1"}': burst(1, 0)},
        "18m",
    ),
    Case(
        "NotificationsLate",
        {'notification_lateness_seconds_bucket{le="1"}': burst(100, 0)},
        "17m",
    ),
    Case("NotificationsOverdue", {"notifications_overdue_seconds": spell(2, 90)}, "13m"),
    Case("NotificationsRejected", {"notifications_rejected": spell(0, 1)}),
    Case(
        "DeliveriesFail",
        {'deliveries_total{channel="push", outcome="failed"}': burst(1, 60)},
        "15m",
        {"channel": "push"},
    ),
    Case(
        "NotificationsWait",
        {'waiting_notifications_oldest_seconds{channel="email"}': spell(900, 4000)},
        labels={"channel": "email"},
    ),
    Case(
        "ProviderSpared",
        {'provider_spared{provider="fcm"}': spell(0, 1)},
        "16m",
        {"provider": "fcm"},
    ),
    Case(
        "ProviderMisconfigured",
        {'provider_misconfigured{provider="ses"}': spell(0, 1)},
        labels={"provider": "ses"},
    ),
    Case("EmailsBounce", {'email_feedback_total{kind="bounce"}': burst(1, 50)}, "17m", clears=""),
    Case("EmailComplaints", {'email_feedback_total{kind="complaint"}': burst(0, 2)}, "17m",
         clears=""),
    Case(
        "TemplatesFail",
        {'text_template_failures_total{kind="digest", locale="de", channel="email"}': burst(0, 1)},
        labels={"kind": "digest", "locale": "de", "channel": "email"},
    ),
    Case("DeadLetters", {'dead_letters{service="event-service"}': spell(0, 1)}, labels=EVENTS),
    Case(
        "MessagesLate",
        {'queue_oldest_seconds{service="event-service"}': spell(2, 400)},
        labels=EVENTS,
    ),
    Case(
        "EventsRejected",
        {'outbox_rejected_events{service="event-service"}': spell(0, 1)},
        labels=EVENTS,
    ),
    Case(
        "RequestsFail",
        {'http_requests_total{service="reminder-service", status="503"}': burst(5, 100)},
        "14m",
        REMINDERS,
    ),
    Case(
        "RequestsSlow",
        {'http_request_duration_seconds_bucket{service="reminder-service", le="0.1"}':
         burst(1000, 100)},
        "17m",
        REMINDERS,
    ),
]  # fmt: skip


def firing(case: Case) -> dict[str, Any]:
    severity = ALERTS[case.alert]["labels"]["severity"]
    labels = {"alertname": case.alert, "alertstate": "firing", "severity": severity, **case.labels}
    shown = ", ".join(f'{name}="{value}"' for name, value in labels.items())
    return {"labels": f"ALERTS{{{shown}}}", "value": 1}


def unit_test(case: Case) -> dict[str, Any]:
    """Return promtool's test of a case: silence, the alert alone, silence."""
    others = "|".join(("", *case.also))  # no alert has an empty name
    alerts = f'ALERTS{{alertstate="firing", alertname!~"{others}"}}'
    expected = [("9m45s", []), (case.fires, [firing(case)]), (case.clears, [])]
    series = HEALTHY | case.series
    return {
        "name": case.alert,
        "interval": "15s",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [
            {"expr": alerts, "eval_time": time, "exp_samples": samples}
            for time, samples in expected
            if time
        ],
    }


@pytest.fixture(scope="module")
def promtool() -> str:
    links = Environment().links
    found = shutil.which("promtool", path=f"{links}:/usr/bin")
    if not found:
        pytest.fail("promtool was not found; run `make packages`")
    return found


@pytest.mark.integration
def test_alerts_fire_and_clear(promtool: str, tmp_path: Path) -> None:
    document = {
        "rule_files": [str(file) for file in RULES],
        "evaluation_interval": "15s",
        "tests": [unit_test(case) for case in CASES],
    }
    (tmp_path / "tests.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    done = subprocess.run(
        [promtool, "test", "rules", str(tmp_path / "tests.yaml")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_has_a_case() -> None:
    assert {case.alert for case in CASES} == set(ALERTS)


@pytest.mark.parametrize("name", sorted(ALERTS))
def test_alert_says_what_to_do(name: str) -> None:
    rule = ALERTS[name]
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert set(rule["annotations"]) == {"summary", "description", "runbook_url"}
    page, _, heading = rule["annotations"]["runbook_url"].removeprefix(RUNBOOKS).partition("#")
    text = (ROOT / "docs" / "runbooks" / page).read_text(encoding="utf-8")
    anchors = {
        re.sub(r"[^a-z0-9 -]", "", line.lower()).replace(" ", "-")
        for line in re.findall(r"(?m)^#+ (.+)$", text)
    }
    assert not heading or heading in anchors
    assert f"`{name}`" in (ROOT / "docs" / "runbooks" / "README.md").read_text(encoding="utf-8")


def test_rules_use_metrics_that_exist() -> None:
    documented = set(
        re.findall(r"(?m)^\| `(\w+)` \|", (ROOT / "docs" / "operations.md").read_text())
    )
    of_prometheus = {"up", "process_start_time_seconds"}
    names = {
        re.sub("_(bucket|count|sum)$", "", name)
        for rule in ALERTS.values()
        for name in re.findall(r"[a-z]+(?:_[a-z]+)+(?=[{\[) ]|$)|\bup\b", rule["expr"])
    }
    functions = {"histogram_quantile"}
    assert names - functions <= documented | of_prometheus


def test_targets_are_the_pods_with_metrics() -> None:
    [job] = scrape_configuration({"kubernetes_sd_configs": []}, "15s")["scrape_configs"]
    assert job["job_name"] == "herald"
    assert [rule.get("action", rule.get("target_label")) for rule in job["relabel_configs"]] == [
        "keep", "keep", "keep", "pod", "service",
    ]  # fmt: skip


RULE_FILE = "aws:amp/ruleGroupNamespace:RuleGroupNamespace"
ROUTES = "aws:amp/alertManagerDefinition:AlertManagerDefinition"


def test_aws_evaluates_the_same_files(platform: Callable[[str], Any]) -> None:
    deployment = platform("prod")
    made = {one.name: one.inputs["data"] for one in deployment.all(RULE_FILE)}
    assert made == {f"prod-alerts-{file.stem}": file.read_text() for file in RULES}
    definition = json.loads(deployment.one(ROUTES).inputs["definition"])
    [receiver] = json.loads(definition["alertmanager_config"])["receivers"]
    [topic] = receiver["sns_configs"]
    # Those that the service accepts; the address of SNS is not among them.
    assert set(topic) == {"topic_arn", "sigv4", "send_resolved", "subject", "message"}
    assert topic["sigv4"] == {"region": "eu-central-1"}


def test_without_a_workspace_nothing_is_evaluated(platform: Callable[[str], Any]) -> None:
    assert platform("local").all(RULE_FILE) == []
