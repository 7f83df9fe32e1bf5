"""The status of a stack in the emulator and in a cluster that answers from a file."""

from datetime import UTC, datetime

import pytest

from operations.status import QueueStatus, StackStatus, oldest, status_of, update_line
from operations.status_report import age, notes
from tests.operations.conftest import DIGEST

UPDATE = {
    "kind": "update",
    "result": "succeeded",
    "endTime": "2026-11-24T18:05:26.000Z",
    "resourceChanges": {"create": 2, "replace": 1, "same": 107},
}


def deployment(name, ready, desired, image=DIGEST):
    return {
        "metadata": {"name": name},
        "spec": {
            "replicas": desired,
            "template": {"spec": {"containers": [{"image": image}]}},
        },
        "status": {"readyReplicas": ready} if ready else {},
    }


@pytest.fixture
def running(aws):
    aws.answer("pulumi", "history", [UPDATE])
    pods = [deployment("event-service", 2, 2), deployment("old", 0, 1, "other@sha256:2")]
    aws.answer("kubectl", "get", {"items": pods})
    return aws


@pytest.mark.integration
def test_status_shows_queues_deployments_and_update(running, herald):
    told, sqs = running.stack.outputs, running.stack.client("sqs")
    for _ in range(2):
        sqs.send_message(QueueUrl=told.queues["event"].url, MessageBody="waits")
    sqs.receive_message(QueueUrl=told.queues["event"].url, MaxNumberOfMessages=1)
    sqs.send_message(QueueUrl=told.queues["event"].dead_letters_url, MessageBody="dead")
    said = herald("status", "--stack", "test")
    assert said.code == 0
    rows = [line.split() for line in said.out.splitlines()]
    assert ["event", "1", "1", "0", "unknown"] in rows
    assert ["event-dead-letters", "1", "0", "0", "unknown"] in rows
    assert ["event-service", "2/2", "current"] in rows
    assert ["old", "0/1", "from", "another", "update"] in rows
    assert "update succeeded at 2026-11-24 18:05:26 UTC, 3 resources changed" in said.out
    assert "no answer  database reminders at 127.0.0.1:1" in said.out
    assert "no answer  API at http://127.0.0.1:1" in said.out
    assert "There are dead letters" in said.out
    assert "Alarms notify nobody" in said.out


@pytest.mark.integration
def test_unavailable_parts_do_not_hide_others(running, herald):
    running.silence("kubectl", "get")
    said = herald("status", "--stack", "test")
    assert said.code == 0
    assert "notification-dead-letters" in said.out
    told = "Kubectl failed: error: kubectl has no answer."
    assert told in said.out


def test_cluster_is_shown_without_aws(project):
    project.endpoints("http://127.0.0.1:1")
    project.answer("pulumi", "history", [])
    project.answer("kubectl", "get", {"items": [deployment("event-service", 1, 1)]})
    status = status_of(project.stack)
    assert [each.name for each in status.deployments] == ["event-service"]
    assert status.queues == []
    assert status.problems[0].startswith("AWS did not answer: Could not connect")


def test_context_of_stack_file_is_used(project):
    project.settings["kubernetes:context"] = "herald-test"
    project.endpoints("http://127.0.0.1:1")
    project.answer("pulumi", "history", [])
    project.answer("kubectl", "get", {"items": []})
    status_of(project.stack)
    assert project.asked[-1] == (
        "--context=herald-test --request-timeout=10s get deployments -n test -o json"
    )


def test_an_update_is_one_line():
    assert update_line(None) == "never updated"
    failed = {**UPDATE, "kind": "destroy", "result": "failed", "resourceChanges": None}
    assert update_line(failed) == "destroy failed at 2026-11-24 18:05:26 UTC, 0 resources changed"


class CloudWatch:
    def __init__(self, *points):
        self.points = [
            {"Timestamp": datetime(2026, 1, 1, 0, minute, tzinfo=UTC), "Maximum": maximum}
            for minute, maximum in points
        ]

    def get_metric_statistics(self, **arguments):
        assert arguments["Dimensions"] == [{"Name": "QueueName", "Value": "event"}]
        return {"Datapoints": self.points}


def test_age_comes_from_the_latest_metric():
    assert oldest(CloudWatch((3, 40.0), (4, 100.0), (2, 500.0)), "event") == 100
    assert oldest(CloudWatch(), "event") is None


def queue(**changes):
    values = {"name": "q", "dead_letters": True, "waiting": 0, "in_flight": 0, "delayed": 0}
    return QueueStatus(**{**values, "oldest": None, **changes})


@pytest.mark.parametrize(
    ("changes", "shown"),
    [({}, "-"), ({"delayed": 1}, "unknown"), ({"waiting": 1, "oldest": 40}, "40 s")],
)
def test_age_is_unknown_only_with_messages(changes, shown):
    assert age(queue(**changes)) == shown


@pytest.mark.parametrize(
    "calm",
    [
        {"queues": [queue()], "alarm_receivers": 1},
        {"queues": [queue(dead_letters=False, waiting=3)], "answering": {"API": True}},
    ],
)
def test_a_calm_stack_has_no_notes(calm):
    assert notes(StackStatus(stack="s", namespace="n", updated="", **calm)) == []
