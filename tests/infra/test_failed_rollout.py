import pytest
from herald_infra.failed_rollout import FailedRollout

NAME = "dev-event-service"
IMAGE = "registry.example.com/catalog@sha256:1f"


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
    made = {"image": IMAGE, "state": state, "lastState": last or {}, "ready": ready}
    return {"containerStatuses": [made]}


def event(reason, message, of=f"{NAME}-3-x", time="2026-11-30T10:00:00Z"):
    pod = {"kind": "Pod", "name": of}
    return {"reason": reason, "message": message, "involvedObject": pod, "lastTimestamp": time}


def rollout(*items, revision=3, events=()):
    deployment = {**head("Deployment", NAME, **numbered(revision)), "status": {}}
    return FailedRollout.read({"items": [deployment, *items]}, {"items": list(events)})


def test_newest_earlier_version_with_pods_serves():
    failed = rollout(replica_set(1, ready=1), replica_set(2, ready=2), replica_set(3))
    assert failed.serving_revision() == 2


def test_unready_version_is_no_rollback_target():
    assert rollout(replica_set(1, ready=1), replica_set(2), replica_set(3)).serving_revision() == 1


def test_new_version_alone_serves_nothing():
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
def test_reason_comes_from_new_pods(status, reason):
    old = pod(2, container({"waiting": {"reason": "Evicted"}}))
    assert rollout(replica_set(2), replica_set(3), old, pod(3, status)).reason() == reason


REFUSED = 'Startup probe failed: Get "http://10.0.0.9:8080/health/live": connection refused'
UNREADY = "Readiness probe failed: HTTP probe failed with statuscode: 503"
STOPPED = event("Killing", "Container catalog failed startup probe, will be restarted")
PROBED = [
    event("Unhealthy", UNREADY, time="2026-11-30T10:00:09Z"),
    event("Unhealthy", REFUSED),
    event("Unhealthy", "Liveness probe failed: timeout", of="another-pod"),
]


@pytest.mark.parametrize(
    ("status", "events", "reason"),
    [
        (
            container({"running": {}}),
            PROBED,
            f"the image {IMAGE} fails its health check: {UNREADY}",
        ),
        (
            container({"running": {}}, {"terminated": {"exitCode": 137, "reason": "Error"}}),
            [STOPPED, PROBED[1]],
            f"the image {IMAGE} fails its health check: {REFUSED}",
        ),
        (container({"running": {}}, CRASHED), PROBED, "the new pod ends with exit code 2 (Error)"),
        (container({"running": {}}, ready=True), PROBED, "no new pod became ready"),
    ],
)
def test_failed_health_check_names_its_answer(status, events, reason):
    assert rollout(replica_set(3), pod(3, status), events=events).reason() == reason


def test_refused_pods_are_reported():
    refused = {"type": "ReplicaFailure", "status": "True", "message": "exceeded quota: pods=1"}
    failed = rollout(replica_set(3, conditions=[refused]))
    assert failed.reason() == "the cluster creates no new pod: exceeded quota: pods=1"


def test_log_of_ended_pod_is_shown():
    new, waiting = pod(3, container(LOOPING, CRASHED)), pod(3, container(NO_IMAGE))
    assert rollout(replica_set(3), new).crashed_pod() == f"{NAME}-3-x"
    assert rollout(replica_set(3), waiting).crashed_pod() is None
