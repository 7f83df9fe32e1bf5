import pytest
from herald_infra.failed_rollout import FailedRollout

NAME = "dev-event-service"


def head(kind, name, **metadata):
    return {"kind": kind, "metadata": {"name": name, "labels": {}, **metadata}}


def numbered(revision):
    return {"annotations": {"deployment.kubernetes.io/revision": str(revision)}}


def replica_set(revision, ready=0, conditions=()):
    made = head("ReplicaSet", f"{NAME}-{revision}", **numbered(revision))
    made["metadata"]["labels"] = {"pod-template-hash": f"hash-{revision}"}
    return {**made, "status": {"readyReplicas": ready, "conditions": list(conditions)}}


def pod(revision, status):
    labels = {"pod-template-hash": f"hash-{revision}"}
    return {**head("Pod", f"{NAME}-{revision}-x", labels=labels), "status": status}


def container(state, last=None, ready=False):
    return {"containerStatuses": [{"state": state, "lastState": last or {}, "ready": ready}]}


def rollout(*items, revision=3):
    deployment = {**head("Deployment", NAME, **numbered(revision)), "status": {}}
    return FailedRollout.read({"items": [deployment, *items]})


def test_the_newest_earlier_version_with_ready_pods_serves():
    failed = rollout(replica_set(1, ready=1), replica_set(2, ready=2), replica_set(3))
    assert failed.serving_revision() == 2


def test_a_version_that_never_got_ready_is_not_gone_back_to():
    assert rollout(replica_set(1, ready=1), replica_set(2), replica_set(3)).serving_revision() == 1


def test_nothing_serves_when_only_the_new_version_has_pods():
    assert rollout(replica_set(3, ready=1)).serving_revision() is None
    assert rollout().serving_revision() is None


CRASHED = {"terminated": {"exitCode": 2, "reason": "Error"}}
LOOPING = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s"}}
NO_IMAGE = {"waiting": {"reason": "ImagePullBackOff", "message": "no such manifest"}}
NO_NODE = {"type": "PodScheduled", "status": "False", "message": "0/3 nodes: no memory"}


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (container(CRASHED), "the new pod ends with exit code 2 (Error)"),
        (container(LOOPING, CRASHED), "the new pod ends with exit code 2 (Error)"),
        (container(NO_IMAGE), "the new pod waits with ImagePullBackOff: no such manifest"),
        (container({"running": {}}), "the new pod runs and fails its readiness probe"),
        ({"conditions": [NO_NODE]}, "no node accepts the new pod: 0/3 nodes: no memory"),
        (container({"waiting": {"reason": "ContainerCreating"}}), "no new pod became ready"),
        (container({"running": {}}, ready=True), "no new pod became ready"),
        ({}, "no new pod became ready"),
    ],
)
def test_the_reason_is_read_off_the_new_pods(status, reason):
    old = pod(2, container({"waiting": {"reason": "Evicted"}}))
    assert rollout(replica_set(2), replica_set(3), old, pod(3, status)).reason() == reason


def test_pods_that_the_cluster_refuses_to_make_are_told_of():
    refused = {"type": "ReplicaFailure", "status": "True", "message": "exceeded quota: pods=1"}
    failed = rollout(replica_set(3, conditions=[refused]))
    assert failed.reason() == "the cluster creates no new pod: exceeded quota: pods=1"


def test_the_log_of_a_new_pod_that_ended_is_worth_reading():
    new, waiting = pod(3, container(LOOPING, CRASHED)), pod(3, container(NO_IMAGE))
    assert rollout(replica_set(3), new).crashed_pod() == f"{NAME}-3-x"
    assert rollout(replica_set(3), waiting).crashed_pod() is None
