import asyncio
from types import SimpleNamespace

import pulumi
import pytest
from herald_infra import rollout
from herald_infra.rollback import KubectlError, KubectlMissing
from herald_infra.rollout import VERSION, Rollout, RolloutFailed, add_version
from pulumi import Output

from tests.infra.test_failed_rollout import replica_set
from tests.infra.test_rollback import NAME, Cluster

PLACE = "--namespace=development"
STATUS = ("rollout", "status", f"deployment/{NAME}", PLACE, "--timeout=0s")
ASKED = (
    "get",
    f"deployment/{NAME}",
    PLACE,
    "--output=jsonpath={.spec.template.metadata.annotations.herald/version}",
)


@pytest.fixture
def logged(monkeypatch):
    said = []
    log = SimpleNamespace(
        warn=lambda text: said.append(("warn", text)),
        error=lambda text: said.append(("error", text)),
    )
    monkeypatch.setattr(rollout.pulumi, "log", log)
    return said


class Versioned(Cluster):
    """Its Deployment runs version `running`; unless `ready`, its pods need a rollback first."""

    def __init__(self, *replica_sets, running="new", ready=True):
        super().__init__(*replica_sets)
        self.running, self.ready = running, ready

    def __call__(self, *arguments):
        answer = super().__call__(*arguments)
        if arguments[:2] == ("rollout", "undo"):
            self.ready = True
        if arguments == STATUS and not self.ready:
            raise KubectlError("timed out waiting for the condition")
        return self.running if arguments == ASKED else answer


def confirm(kubectl):
    head = {"namespace": "development", "annotations": {VERSION: "new"}}
    change = SimpleNamespace(new_inputs={"metadata": head})
    asyncio.run(Rollout(NAME, 0, kubectl).confirm(change))


def test_rollout_waits_for_pods_of_version(logged):
    cluster = Versioned(replica_set(1), replica_set(2, ready=1))
    confirm(cluster)
    assert (cluster.asked, logged) == ([STATUS, ASKED], [])


def test_early_success_of_plugin_is_revoked(logged):
    cluster = Versioned(replica_set(1, ready=1), replica_set(2), ready=False)
    with pytest.raises(RolloutFailed, match=r"ends with exit code 2 .* It has been rolled back"):
        confirm(cluster)
    undone = ("rollout", "undo", f"deployment/{NAME}", PLACE, "--to-revision=1")
    assert undone in cluster.asked


def test_update_fails_while_old_version_runs(logged):
    cluster = Versioned(replica_set(3, ready=1), running="old")
    with pytest.raises(RolloutFailed) as failed:
        confirm(cluster)
    assert str(failed.value) == (
        f"The Deployment {NAME} was rolled back and has not been updated since; correct the cause"
        " and run `pulumi up --refresh`."
    )


def test_missing_kubectl_trusts_plugin_with_warning(logged):
    def kubectl(*arguments):
        raise KubectlMissing("kubectl was not found")

    confirm(kubectl)
    told = f"Could not check the rollout of {NAME}; trusting the plugin: kubectl was not found."
    assert logged == [("warn", told)]


def go_back(operation, new_inputs):
    failure = SimpleNamespace(failed_operation=operation, new_inputs=new_inputs)
    cluster = Cluster(replica_set(1, ready=1), replica_set(2))
    return asyncio.run(Rollout(NAME, 300, cluster).roll_back(failure))


def test_failed_rollout_is_reverted_once(logged):
    assert go_back("update", {"metadata": {"namespace": "development"}}) is False
    [(level, said)] = logged
    assert (level, "It has been rolled back" in said) == ("error", True)


def test_failed_deletion_is_no_rollout(logged):
    assert (go_back("delete", None), logged) == (False, [])


def test_version_covers_the_whole_template(deploy):
    def template(image):
        return {"metadata": {"labels": {"part": "x"}}, "spec": {"containers": [{"image": image}]}}

    def program():
        for image in ("a", "b"):
            marked, version = add_version(template(Output.from_input(image)))
            pulumi.export(image, {"template": marked, "version": version})

    exports = deploy(program).exports
    versions = {image: exports[image]["version"] for image in ("a", "b")}
    assert len({*versions.values()}) == 2
    assert {image: exports[image]["template"] for image in ("a", "b")} == {
        image: {
            "metadata": {"labels": {"part": "x"}, "annotations": {VERSION: versions[image]}},
            "spec": {"containers": [{"image": image}]},
        }
        for image in ("a", "b")
    }
