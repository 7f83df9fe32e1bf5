"""Every alert fires for a real cause, is published and clears; normal load fires none."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from uuid import uuid4

import pytest
import yaml

from stacks.platform.alerting import RULES
from tests.rehearsals import causes
from tests.rehearsals.causes import CAUSES, DEVICES, Cause
from tests.rehearsals.monitored import AHEAD, MonitoredPlatform, monitored_platform
from tests.waiting import eventually

ALERTS = {
    rule["alert"]: rule["annotations"]["runbook_url"]
    for file in RULES
    for group in yaml.safe_load(file.read_text())["groups"]
    for rule in group["rules"]
}
# Those that leave the alerts of others alone; they are repaired in reverse order.
LASTING = (
    causes.unreachable_provider,
    causes.hanging_pod,
    causes.unreadable_message,
    causes.event_of_another_version,
    causes.oversized_notification,
    causes.bounces,
    causes.complaints,
    causes.users_without_devices,
    causes.struggling_database,
)
PATIENCE = 600  # seconds; the longest alert waits for six minutes
CLEARED = 1800  # seconds; 5 minutes on an idle machine, where a template fails 15 minutes earlier
Record = Callable[[str, object], None]


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MonitoredPlatform]:
    with monitored_platform(tmp_path_factory.mktemp("monitored")) as running:
        for user in DEVICES:
            running.register(user)
        yield running


@contextmanager
def many_deliveries(platform: MonitoredPlatform) -> Iterator[None]:
    """Deliver at almost the rate of SES: rates recover by it, those of complaints after 2,500."""
    over = threading.Event()

    def deliver() -> None:
        while not over.wait(1.5):
            platform.send("email", [f"reader-{at}@example.org" for at in range(20)])
            platform.send("push", DEVICES[:2])
            platform.ask()

    thread = threading.Thread(target=deliver)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def live_a_while(platform: MonitoredPlatform) -> int:
    """Create reminders, read while they become due, and return how many arrived."""
    message, users = f"Bake bread {uuid4()}", DEVICES[:5]
    for user in users:
        for channel in ("push", "email"):
            platform.remind(user, message, channel)
    end = time.monotonic() + AHEAD
    while time.monotonic() < end:
        assert platform.ask() == 200
        platform.operator.listen_for(1)
    eventually(lambda: len(platform.arrivals(message)) == 2 * len(users), 60, pause=1)
    return 2 * len(users)


def test_every_alert_has_a_cause() -> None:
    assert set().union(*CAUSES.values()) == ALERTS.keys()


@pytest.mark.integration
@pytest.mark.rehearsal
@pytest.mark.timeout(3600)
def test_normal_load_fires_no_alert(
    platform: MonitoredPlatform, pytestconfig: pytest.Config, record_property: Record
) -> None:
    minutes = pytestconfig.getoption("load_minutes")
    arrived = 0
    end = time.monotonic() + 60 * minutes
    while time.monotonic() < end:
        arrived += live_a_while(platform)
    assert platform.operator.heard["FIRING"] == {}
    record_property("minutes of normal load", minutes)
    record_property("reminders that arrived, and alerts", (arrived, 0))


@pytest.mark.integration
@pytest.mark.rehearsal
@pytest.mark.timeout(3600)
def test_alerts_fire_and_clear(platform: MonitoredPlatform, record_property: Record) -> None:
    operator = platform.operator
    operator.await_silence(set(), PATIENCE)
    operator.began = time.monotonic()
    break_and_repair(platform)
    operator.await_firing(set(ALERTS), PATIENCE)
    with many_deliveries(platform):
        operator.wait_until(lambda: "ProviderSpared" in operator.heard["RESOLVED"], CLEARED)
        causes.retry_waiting(platform)
        operator.await_silence(set(ALERTS), CLEARED)
    for name, runbook in ALERTS.items():
        times = (round(operator.heard[status][name]) for status in ("FIRING", "RESOLVED"))
        record_property(name, "fired after {} s, cleared after {} s, {}".format(*times, runbook))
        assert any(f"{runbook}\n" in message for message in operator.messages)


def break_and_repair(platform: MonitoredPlatform) -> None:
    """Run all causes, at once where they leave each other's alerts alone."""

    def hear(*known: Cause) -> None:
        platform.operator.await_firing(set().union(*map(CAUSES.get, known)), PATIENCE)

    with causes.broken_template(platform):
        hear(causes.broken_template)
    with ExitStack() as lasting:
        for cause in LASTING:
            lasting.enter_context(cause(platform))
        feedback = "sum(email_feedback_total) >= 14"
        platform.operator.wait_until(lambda: platform.value(feedback) > 0, PATIENCE)
        with causes.unverified_sender(platform):
            hear(causes.unverified_sender)
        platform.operator.await_firing({"NotificationsWait"}, PATIENCE)
        with causes.slow_scheduler(platform), causes.unreachable_database(platform):
            with causes.hanging_scheduler(platform):
                hear(causes.hanging_scheduler)
            with causes.stopped_service(platform):
                hear(causes.stopped_service)
            with causes.unreachable_topics(platform):
                hear(causes.unreachable_topics)
            platform.operator.await_firing({"MessagesLate"}, PATIENCE)
        hear(*LASTING)
