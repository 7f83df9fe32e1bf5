import json

import pulumi
import pytest
from herald_infra import rollback
from herald_infra.rollback import KubectlError, KubectlMissing, undo

from tests.infra.test_failed_rollout import CRASHED, container, numbered, pod, replica_set

NAME = "dev-event-service"
PLACE = "--namespace=development"
LISTED = ("get", "deployments,replicasets,pods", PLACE)
FAILED = (
    f"The rollout of the Deployment {NAME} failed: the new pod ends with exit code 2 (Error);"
    " its last log line is: EVENT_QUEUE_URL is missing."
)


class Cluster:
    """Answers kubectl; `refuses` are the first words of what fails."""

    def __init__(self, *replica_sets, refuses=(), log="EVENT_QUEUE_URL is missing.\n"):
        deployment = {"kind": "Deployment", "metadata": {"name": NAME, **numbered(2)}, "status": {}}
        items = [deployment, *replica_sets, pod(2, container(CRASHED))]
        self.listed, self.refuses, self.log = json.dumps({"items": items}), refuses, log
        self.asked = []

    def __call__(self, *arguments):
        self.asked.append(arguments)
        if arguments[0] in self.refuses or arguments[:2] in self.refuses:
            raise KubectlError("the server said no")
        if arguments[:2] == ("get", "events"):
            return json.dumps({"items": []})
        return {"get": self.listed, "logs": self.log}.get(arguments[0], "")


def test_rollback_restores_serving_version_with_reason():
    cluster = Cluster(replica_set(1, ready=1), replica_set(2))
    assert undo(cluster, "development", NAME, 60) == (
        f"{FAILED} It has been rolled back to the version that served before, with that"
        " version's secrets; correct the cause and run `pulumi up` again."
    )
    deployment = f"deployment/{NAME}"
    assert cluster.asked[0][:3] == LISTED
    assert cluster.asked[-2:] == [
        ("rollout", "undo", deployment, PLACE, "--to-revision=1"),
        ("rollout", "status", deployment, PLACE, "--timeout=60s"),
    ]


def test_earlier_deadline_of_rollout_is_ignored(monkeypatch):
    monkeypatch.setattr(rollback, "ASK_AGAIN", 0)

    class Late(Cluster):
        """Tells of the earlier rollout twice."""

        def __call__(self, *arguments):
            answer = super().__call__(*arguments)
            if arguments[:2] == ("rollout", "status") and self.asked.count(arguments) < 3:
                raise KubectlError("exceeded its progress deadline")
            return answer

    cluster = Late(replica_set(1, ready=1), replica_set(2))
    assert "It has been rolled back" in undo(cluster, "development", NAME, 60)


def test_unready_pods_are_reported():
    cluster = Cluster(replica_set(1, ready=1), replica_set(2), refuses=[("rollout", "status")])
    said = undo(cluster, "development", NAME, 0)
    assert said == f"{FAILED} The rollback failed: the server said no."


def test_first_version_has_no_rollback():
    cluster = Cluster(replica_set(2))
    said = undo(cluster, "development", NAME, 60)
    assert said == f"{FAILED} No earlier version has ready pods, so there was no rollback."
    assert "rollout" not in [arguments[0] for arguments in cluster.asked]


def test_refused_rollback_is_reported():
    cluster = Cluster(replica_set(1, ready=1), replica_set(2), refuses=[("rollout", "undo")])
    said = undo(cluster, "development", NAME, 60)
    assert said == f"{FAILED} The rollback failed: the server said no."


def test_unavailable_log_is_left_out():
    cluster = Cluster(replica_set(2), refuses=["logs"])
    assert "last log line" not in undo(cluster, "development", NAME, 60)


def test_restart_between_logs_hides_no_line():
    class Restarting(Cluster):
        """Restarts the container, which has logged nothing yet, after the first question."""

        def __call__(self, *arguments):
            answer = super().__call__(*arguments)
            if arguments[0] != "logs" or self.asked.count(arguments) == 2:
                return answer
            if arguments[-1] == "--previous=false":
                return ""
            raise KubectlError("previous terminated container not found")

    assert undo(Restarting(replica_set(2)), "development", NAME, 60).startswith(FAILED)


def test_unreachable_cluster_is_reported():
    assert undo(Cluster(refuses=["get"]), "development", NAME, 60) == (
        f"The rollout of the Deployment {NAME} failed, and its state could not be read:"
        " the server said no."
    )


@pytest.fixture
def program(tmp_path, monkeypatch):
    """A kubectl that repeats its arguments, or fails if the first is `fail`."""
    file = tmp_path / "kubectl"
    file.write_text('#!/bin/sh\n[ "$1" != fail ] || { echo "it failed" >&2; exit 3; }\necho "$@"\n')
    file.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return file


def kubectl_with(monkeypatch, **settings):
    monkeypatch.setattr(pulumi.Config, "get", lambda self, name: settings.get(name))
    return rollback.kubectl_of(pulumi.Config("kubernetes"))


def test_kubectl_goes_where_the_provider_goes(program, monkeypatch):
    assert kubectl_with(monkeypatch)("get", "pods") == "get pods\n"
    both = kubectl_with(monkeypatch, context="prod", kubeconfig="/k")
    assert both("get") == "--context=prod --kubeconfig=/k get\n"


def test_what_kubectl_says_is_the_error(program, monkeypatch):
    with pytest.raises(KubectlError, match="it failed"):
        kubectl_with(monkeypatch)("fail")


def test_missing_kubectl_is_reported(program, monkeypatch):
    program.unlink()
    monkeypatch.setenv("PATH", str(program.parent))
    with pytest.raises(KubectlMissing, match="kubectl was not found"):
        kubectl_with(monkeypatch)("get")
