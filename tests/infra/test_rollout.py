import asyncio
from types import SimpleNamespace

import pytest

from infra import rollout
from infra.rollback import KubectlError, KubectlMissing
from infra.rollout import Rollout, RolloutFailed
from tests.infra.test_failed_rollout import replica_set
from tests.infra.test_rollback import NAME, Cluster

PLACE = "--namespace=development"
INPUTS = {"metadata": {"namespace": "development"}}
STATUS = ("rollout", "status", f"deployment/{NAME}", PLACE, "--timeout=300s")


@pytest.fixture
def logged(monkeypatch):
    said = []
    log = SimpleNamespace(
        warn=lambda text: said.append(("warn", text)),
        error=lambda text: said.append(("error", text)),
    )
    monkeypatch.setattr(rollout.pulumi, "log", log)
    return said


class NotReady(Cluster):
    """The new pods do not become ready; an undone Deployment is at once."""

    def __call__(self, *arguments):
        answer = super().__call__(*arguments)
        if arguments == (*STATUS[:-1], "--timeout=0s"):
            raise KubectlError("timed out waiting for the condition")
        return answer


def changed(name=NAME):
    return SimpleNamespace(name=name, new_inputs=INPUTS)


def confirm(watched):
    asyncio.run(watched.confirm(changed()))


def test_the_cluster_is_asked_whether_the_new_pods_are_ready(logged):
    cluster = Cluster(replica_set(1), replica_set(2, ready=1))
    watched = Rollout(NAME, 300, cluster)
    confirm(watched)
    assert (cluster.asked, watched.failed, logged) == ([STATUS], False, [])


def test_a_success_that_the_plugin_reported_too_early_is_taken_back_and_fails_the_update(logged):
    cluster = NotReady(replica_set(1, ready=1), replica_set(2))
    watched = Rollout(NAME, 0, cluster)
    with pytest.raises(RolloutFailed, match=r"ends with exit code 2 .* It has been rolled back"):
        confirm(watched)
    undone = ("rollout", "undo", f"deployment/{NAME}", PLACE, "--to-revision=1")
    assert undone in cluster.asked
    assert watched.failed


def test_without_kubectl_the_plugins_word_is_taken_and_the_user_told(logged):
    def kubectl(*arguments):
        raise KubectlMissing("kubectl was not found")

    watched = Rollout(NAME, 300, kubectl)
    confirm(watched)
    told = f"The rollout of {NAME} is taken as the plugin saw it: kubectl was not found."
    assert (watched.failed, logged) == (False, [("warn", told)])


def failure(operation, new_inputs):
    return SimpleNamespace(failed_operation=operation, new_inputs=new_inputs)


def test_a_failure_that_the_plugin_saw_is_taken_back_and_not_tried_again(logged):
    cluster = Cluster(replica_set(1, ready=1), replica_set(2))
    watched = Rollout(NAME, 300, cluster)
    assert asyncio.run(watched.go_back(failure("update", INPUTS))) is False
    [(level, said)] = logged
    assert (level, "It has been rolled back" in said, watched.failed) == ("error", True, True)


def test_a_deployment_that_could_not_be_deleted_is_no_rollout(logged):
    watched = Rollout(NAME, 300, Cluster())
    assert asyncio.run(watched.go_back(failure("delete", None))) is False
    assert (logged, watched.failed) == ([], False)


def test_what_comes_after_a_rollout_is_changed_only_when_it_went_well():
    watched = Rollout(NAME, 300, Cluster())
    assert watched.require(NAME) == NAME
    watched.failed = True
    with pytest.raises(RolloutFailed, match=f"^Nothing that comes after {NAME} was changed"):
        watched.require(NAME)
