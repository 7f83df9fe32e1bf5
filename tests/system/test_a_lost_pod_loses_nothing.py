"""Each service's pod is deleted in turn while reminders are on their way."""

import time

import pytest

pytestmark = pytest.mark.disruptive
SERVICES = ["reminder-service", "event-service", "notification-scheduler", "notification-service"]
RECOVERY = 120  # seconds for a new pod to start on a busy machine and take up the work


def delete_pod(platform, service: str) -> None:
    selector = f"app.kubernetes.io/name={service}"
    platform.kubectl("delete", "pod", "-l", selector, "--wait=false")
    platform.kubectl("rollout", "status", f"deployment/local-{service}", "--timeout=300s")


def remind_when_up(person, message, due) -> None:
    """Post again until it is accepted: a refused request is not a lost one."""
    deadline = time.monotonic() + RECOVERY
    while True:
        try:
            person.remind(message, due)
            return
        except Exception:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


def test_every_accepted_reminder_is_delivered_once(platform):
    people = [platform.person() for _ in SERVICES]
    for person in people:
        person.register()
    due = platform.soon(30)
    for person, service in zip(people, SERVICES, strict=True):
        remind_when_up(person, service, due)
        if service != "notification-scheduler":
            delete_pod(platform, service)
    platform.wait_until(due)
    delete_pod(platform, "notification-scheduler")
    delete_pod(platform, "notification-service")
    deadline = time.monotonic() + RECOVERY
    while time.monotonic() < deadline and not all(person.messages() for person in people):
        time.sleep(0.5)
    time.sleep(3)  # a duplicate would show by now
    delivered = [[message["body"] for message in person.messages()] for person in people]
    assert delivered == [[service] for service in SERVICES]
