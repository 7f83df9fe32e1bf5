"""A service on this machine in place of its pods, with a `kubectl` that answers from files."""

import fcntl
import json

import pytest

from operations.errors import OperatorError
from operations.local_service import address_for_pods, find_source, free_ports
from operations.paused_pods import Pods, endpoint_slice, pods_paused, resume_abandoned
from stacks.config.project import PROJECT
from stacks.config.services import find_services
from tests.operations.conftest import outputs

PODS = Pods(context=None, namespace="test", deployment="test-event-service")
DELETE = "delete endpointslice -n test test-event-service-here --ignore-not-found"
STATUS = "rollout status -n test deploy/test-event-service --timeout=60s"


def scale(replicas):
    return f"scale -n test deploy/test-event-service --replicas={replicas}"


@pytest.fixture
def paused(tmp_path, monkeypatch):
    folder = tmp_path / "paused"
    monkeypatch.setattr("operations.paused_pods.FOLDER", folder)
    return folder


@pytest.fixture
def cluster(project, paused):
    """A cluster with two pods of the service, which takes every change."""
    deployment = {"metadata": {"name": PODS.deployment}, "spec": {"replicas": 2}}
    project.answer("kubectl", "deployments", {"items": [deployment]})
    for change in ("scale", "apply", "delete", "status"):
        project.answer("kubectl", change, "done")
    return project


def changes(project):
    """What was asked of kubectl after the state of the Deployment."""
    asked = project.asked if (project.folder / "asked").exists() else []
    said = [line.split(maxsplit=1)[1] for line in asked if line.startswith("--request")]
    return [line for line in said if not line.startswith("get ")]


def test_pods_step_aside_and_return(cluster, paused):
    with pods_paused(PODS, "10.0.0.1", 4000):
        assert changes(cluster) == [scale(0), "apply -f -"]
        assert [file.name for file in paused.iterdir()] == ["test.test-event-service.json"]
    assert changes(cluster)[2:] == [DELETE, scale(2), STATUS]
    assert list(paused.iterdir()) == []


def test_failed_redirection_brings_pods_back(cluster):
    cluster.silence("kubectl", "apply")
    with pytest.raises(OperatorError), pods_paused(PODS, "10.0.0.1", 4000):
        pass
    assert changes(cluster)[2:] == [DELETE, scale(2), STATUS]


def test_service_sends_callers_to_this_machine():
    assert endpoint_slice(PODS, "10.0.0.1", 4000) == {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": "test-event-service-here",
            "namespace": "test",
            "labels": {
                "kubernetes.io/service-name": "test-event-service",
                "endpointslice.kubernetes.io/managed-by": "herald-run",
            },
        },
        "addressType": "IPv4",
        "endpoints": [{"addresses": ["10.0.0.1"], "conditions": {"ready": True}}],
        "ports": [{"name": "http", "port": 4000, "protocol": "TCP"}],
    }


def abandon(cluster, paused):
    """Leave the record of a run that was killed when the Deployment wanted no pods."""
    paused.mkdir()
    pods = {"context": None, "namespace": "test", "deployment": PODS.deployment}
    PODS.record.write_text(json.dumps({"pods": pods, "replicas": 3}))
    deployment = {"metadata": {"name": PODS.deployment}, "spec": {"replicas": 0}}
    cluster.answer("kubectl", "deployments", {"items": [deployment]})


def test_next_run_knows_number_of_pods(cluster, paused):
    abandon(cluster, paused)
    with pods_paused(PODS, "10.0.0.1", 4000):
        pass
    assert changes(cluster)[-2:] == [scale(3), STATUS]


def test_resume_repairs_a_killed_run(cluster, paused, herald):
    abandon(cluster, paused)
    said = herald("run", "--resume")
    assert (said.code, said.out) == (0, "The pods of test-event-service are back.\n")
    assert changes(cluster) == [DELETE, scale(3), STATUS]
    assert resume_abandoned() == []


def test_resume_forgets_a_removed_deployment(cluster, paused):
    abandon(cluster, paused)
    cluster.answer("kubectl", "deployments", {"items": []})
    assert resume_abandoned() == []
    assert (changes(cluster), list(paused.iterdir())) == ([], [])


def test_running_service_is_left_alone(cluster, paused):
    abandon(cluster, paused)
    with PODS.record.open() as record:
        fcntl.flock(record, fcntl.LOCK_EX)
        assert resume_abandoned() == []
        with pytest.raises(OperatorError, match="runs on this machine already; stop that"):
            with pods_paused(PODS, "10.0.0.1", 4000):
                pass
    assert changes(cluster) == []


def test_missing_deployment_is_named(cluster, paused):
    cluster.answer("kubectl", "deployments", {"items": []})
    with pytest.raises(OperatorError, match="expected a Deployment test-event-service in test"):
        with pods_paused(PODS, "10.0.0.1", 4000):
            pass
    assert list(paused.iterdir()) == []


def test_unknown_service_is_named(project, herald):
    said = herald("run", "reminders", "--stack", "test")
    assert (said.code, said.err) == (
        1,
        "Herald: expected a service among event-service; got 'reminders'.\n",
    )


def test_run_needs_a_service(herald):
    said = herald("run")
    assert said.code == 2
    assert "expected the name of a service, for example reminder-service" in said.err


def test_stopped_cluster_is_one_sentence(project, herald, paused):
    project.settings[f"{PROJECT}:prefix"] = "test-"
    project.write()
    settings = {"event-service": {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}}
    project.answer("pulumi", "output", outputs() | {"service_settings": settings})
    said = herald("run", "event-service", "--stack", "test")
    assert (said.code, said.out) == (1, "")
    assert said.err == (
        "Herald: kubectl failed: error: kubectl has no answer; for the local stack run `make up`.\n"
    )
    assert list(paused.iterdir()) == []


def test_stack_on_aws_is_refused():
    with pytest.raises(OperatorError, match="so take the settings of `herald outputs --stack dev`"):
        address_for_pods("dev", {})


def test_missing_bridge_is_one_sentence():
    with pytest.raises(OperatorError) as caught:
        free_ports("192.0.2.1")
    assert str(caught.value) == (
        "expected this machine to have the address 192.0.2.1, where the pods reach it; "
        "for the local stack run `make up`"
    )


def test_service_without_source_is_named():
    with pytest.raises(OperatorError) as caught:
        find_source("local", "prices")
    assert str(caught.value) == "expected the source of prices in services/prices, found none"


def test_other_language_gets_a_command(tmp_path, monkeypatch):
    folder = tmp_path / "prices"
    folder.mkdir()
    (folder / "Dockerfile").write_text("FROM scratch\n")
    monkeypatch.setattr("operations.local_service.find_services", lambda: find_services(tmp_path))
    with pytest.raises(OperatorError) as caught:
        find_source("local", "prices")
    assert str(caught.value) == (
        "prices is not a Python package; start its program with the settings that "
        "`herald outputs --stack local --service prices --format env` prints"
    )
