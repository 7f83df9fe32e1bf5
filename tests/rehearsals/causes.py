"""Real causes of alerts. Each names the alerts that it must fire, and repairs what it broke."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from uuid import uuid4

from tests.rehearsals.monitored import MonitoredPlatform
from tests.rehearsals.users import User
from tests.waiting import eventually

Cause = Callable[[MonitoredPlatform], AbstractContextManager[None]]
CAUSES: dict[Cause, set[str]] = {}  # with the alerts of each
SENDER = "reminders@example.com"
ALLOW = "alter database {} with allow_connections {}"
CUT = "select pg_terminate_backend(pid) from pg_stat_activity where datname = :cut"
DEVICES = [f"phone-{number}" for number in range(6)]  # users with a device


def fires(*alerts: str) -> Callable[[Callable[[MonitoredPlatform], Iterator[None]]], Cause]:
    def register(function: Callable[[MonitoredPlatform], Iterator[None]]) -> Cause:
        cause = contextmanager(function)
        CAUSES[cause] = set(alerts)
        return cause

    return register


@fires("TemplatesFail")
def broken_template(platform: MonitoredPlatform) -> Iterator[None]:
    """Deploy a template that names a value which does not exist."""
    templates = "notification-service/notification_service/templates/reminder/en/email.text"
    file = platform.services / templates
    correct = file.read_text()
    file.write_text("{{ nowhere }}")
    platform.restart("notification-service")
    platform.await_scrape("notification-service")
    platform.send("email", ["ada@example.org"])
    yield
    file.write_text(correct)
    platform.restart("notification-service")
    platform.await_scrape("notification-service")


@fires("EmailsBounce")
def bounces(platform: MonitoredPlatform) -> Iterator[None]:
    platform.send("email", [f"bounce+{at}@simulator.amazonses.com" for at in range(12)])
    yield


@fires("EmailComplaints")
def complaints(platform: MonitoredPlatform) -> Iterator[None]:
    platform.send("email", [f"complaint+{at}@simulator.amazonses.com" for at in range(2)])
    yield


@fires("DeliveriesFail")
def users_without_devices(platform: MonitoredPlatform) -> Iterator[None]:
    platform.send("push", [f"nobody-{at}" for at in range(8)])
    yield


@fires("ProviderMisconfigured")
def unverified_sender(platform: MonitoredPlatform) -> Iterator[None]:
    """Delete the identity of the sender in SES."""
    ses = platform.stack.account.client("ses")
    ses.delete_identity(Identity=SENDER)
    platform.send("email", [f"reader-{at}@example.org" for at in range(6)])
    yield
    ses.verify_email_identity(EmailAddress=SENDER)


@fires("ProviderSpared", "NotificationsWait")
def unreachable_provider(platform: MonitoredPlatform) -> Iterator[None]:
    """Stop Firebase; one notification waits for an hour already."""
    platform.provider.stop()
    platform.send("push", DEVICES)
    waiting = "update waiting_notifications set stored_at = now() - interval '1 hour 1 minute'"
    aged = f"{waiting} where channel = 'push'"
    eventually(lambda: platform.execute("devices", aged), 60, pause=1)
    yield
    platform.provider.start()


def retry_waiting(platform: MonitoredPlatform) -> None:
    """Attempt all waiting notifications at once, as the runbook says after a long outage."""
    platform.execute(
        "devices", "update waiting_notifications set retry_at = now() where not claimed"
    )


@fires("DeadLetters")
def unreadable_message(platform: MonitoredPlatform) -> Iterator[None]:
    queue, sqs = platform.outputs["queues"]["event"], platform.stack.account.client("sqs")
    sqs.send_message(QueueUrl=queue["url"], MessageBody="no event")
    yield
    sqs.purge_queue(QueueUrl=queue["dead_letters_url"])


@fires("EventsRejected")
def event_of_another_version(platform: MonitoredPlatform) -> Iterator[None]:
    """Store an event that the relay cannot read, as after a rollback."""
    event = str(uuid4())
    store = "insert into outbox (event_id, body) values (:event, '{}')"
    platform.execute("reminders", store, event=event)
    yield
    delete = "delete from outbox where event_id = :event and published_at is null"
    assert platform.execute("reminders", delete, event=event) == 1


@fires("NotificationsRejected")
def oversized_notification(platform: MonitoredPlatform) -> Iterator[None]:
    """Enlarge a notification beyond the limit of a topic, and let it be due."""
    User(platform.stack, "grace").create("Bake bread")
    grow = "update notifications set message = repeat('x', 262144), deliver_at = now()"
    assert platform.execute("notifications", f"{grow} where user_id = 'grace'") == 1
    yield
    correct = "update notifications set message = 'Bake bread' where user_id = 'grace'"
    platform.execute("notifications", correct)
    retry = "update notifications set state = 'pending', refusals = 0 where state = 'refused'"
    assert platform.execute("notifications", retry) == 1


@fires("PodSilent")
def hanging_pod(platform: MonitoredPlatform) -> Iterator[None]:
    """Let one of two pods of reminder-service hang, until the cluster kills it."""
    name = f"{platform.stack.name}-reminder-service"
    pod = platform.stack.start(name, platform.stack.objects.read("Deployment", name))
    eventually(lambda: platform.stack.is_ready(pod), 60)
    os.kill(pod.process, signal.SIGSTOP)
    platform.pods.others[f"{name}-2"] = pod
    try:
        yield
    finally:
        del platform.pods.others[f"{name}-2"]
        os.kill(pod.process, signal.SIGKILL)


@contextmanager
def paused(process: int) -> Iterator[None]:
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


@fires("SchedulerStopped", "NotificationsOverdue")
def hanging_scheduler(platform: MonitoredPlatform) -> Iterator[None]:
    with paused(platform.stack.pods[f"{platform.stack.name}-notification-scheduler"].process):
        yield


@fires("NotificationsLate")
def slow_scheduler(platform: MonitoredPlatform) -> Iterator[None]:
    """Let the scheduler hang for half a minute, before and after other causes."""
    with hanging_scheduler(platform):
        platform.operator.listen_for(35)
    platform.operator.listen_for(20)  # Prometheus reads what is late
    yield
    while "NotificationsLate" not in platform.operator.heard["FIRING"]:
        with hanging_scheduler(platform):
            platform.operator.listen_for(35)
        platform.operator.listen_for(60)


@fires("ServiceSilent")
def stopped_service(platform: MonitoredPlatform) -> Iterator[None]:
    platform.stack.stop([f"{platform.stack.name}-event-service"])
    yield
    platform.stack.roll_out()


@fires("MessagesLate", "CanarySilent", "CanaryLate")
def unreachable_database(platform: MonitoredPlatform) -> Iterator[None]:
    """Cut notification-service from its database while it has a message."""
    with without_database(platform, "devices"):
        platform.send("push", ["nobody"])
        yield


@contextmanager
def without_database(platform: MonitoredPlatform, name: str) -> Iterator[None]:
    platform.execute("postgres", ALLOW.format(name, "false"))
    platform.execute("postgres", CUT, cut=name)
    try:
        yield
    finally:
        platform.execute("postgres", ALLOW.format(name, "true"))


@fires("RelayStopped")
def unreachable_topics(platform: MonitoredPlatform) -> Iterator[None]:
    """Let AWS answer nothing, until Prometheus reports the relay."""
    address = platform.stack.account.url.removeprefix("http://")
    own = ["pgrep", "--parent", str(os.getpid()), "--full", f"local.aws_server.* {address}"]
    [emulator] = subprocess.check_output(own, text=True).split()
    with paused(int(emulator)):
        wanted = ("RelayStopped", "reminder-service")
        eventually(lambda: wanted in platform.operator.alerts(), 120, pause=1)
    yield


@fires("RequestsFail", "RequestsSlow")
def struggling_database(platform: MonitoredPlatform) -> Iterator[None]:
    """Lock the reminders for seconds, again and again, then cut the database off."""

    def struggle() -> None:
        for _ in range(7):
            lock_reminders(platform)
            time.sleep(15)
        with without_database(platform, "reminders"):
            for _ in range(4):
                assert [platform.ask() for _ in range(5)] == [503] * 5
                time.sleep(8)

    with ThreadPoolExecutor(1) as pool:
        struggling = pool.submit(struggle)
        yield
        struggling.result()


def lock_reminders(platform: MonitoredPlatform) -> None:
    engine = platform.engine("reminders")
    with ThreadPoolExecutor(3) as users:
        with engine.begin() as connection:
            connection.exec_driver_sql("lock table reminders in access exclusive mode")
            answers = [users.submit(platform.ask) for _ in range(3)]
            time.sleep(4)
        assert [each.result() for each in answers] == [200] * 3
    engine.dispose()
