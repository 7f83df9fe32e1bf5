"""A slow machine gets more time for rollouts, probes and migrations."""

import asyncio
from types import SimpleNamespace

import pytest
from herald_infra import rollback
from herald_infra.rollback import KubectlError
from herald_infra.rollout import VERSION, Rollout, RolloutFailed

from stacks.outputs.exports import export
from stacks.platform.reminder_platform import reminder_platform
from tests.infra.test_failed_rollout import replica_set
from tests.infra.test_rollback import NAME, Cluster
from tests.stacks.stack_files import config_of, foundation_of

ROLLOUT = 300  # seconds that pods of the slow cluster take


class SlowCluster(Cluster):
    """Its pods become ready late, by a clock that only waits move."""

    def __init__(self):
        super().__init__(replica_set(1, ready=1), replica_set(2))
        self.now = 0.0

    def __call__(self, *arguments):
        answer = super().__call__(*arguments)
        if arguments[:2] == ("rollout", "status"):
            limit = int(arguments[-1].removeprefix("--timeout=").removesuffix("s"))
            self.now = min(self.now + limit, ROLLOUT)
            if self.now < ROLLOUT:
                raise KubectlError("timed out waiting for the condition")
        return "new" if arguments[1] == f"deployment/{NAME}" else answer

    def sleep(self, seconds):
        self.now += seconds


def roll_out(monkeypatch, seconds):
    cluster = SlowCluster()
    clock = SimpleNamespace(monotonic=lambda: cluster.now, sleep=cluster.sleep)
    monkeypatch.setattr(rollback, "time", clock)
    head = {"namespace": "local", "annotations": {VERSION: "new"}}
    change = SimpleNamespace(new_inputs={"metadata": head})
    asyncio.run(Rollout(NAME, seconds, cluster).confirm(change))
    return cluster.now


@pytest.fixture
def made(deploy, monkeypatch):
    def run(patience):
        monkeypatch.setenv("HERALD_PATIENCE", patience)
        config = config_of("local")
        return deploy(
            lambda: export(reminder_platform(config)), stack="local", lookups=foundation_of("local")
        )

    return run


def deployment_of(made):
    return made.one("kubernetes:apps/v1:Deployment", "local-event-service").inputs


def seconds_of(made):
    """How long the plugin waits for the pods of a service."""
    return int(deployment_of(made)["metadata"]["annotations"]["pulumi.com/timeoutSeconds"])


def test_slow_rollout_needs_patience(made, monkeypatch):
    assert roll_out(monkeypatch, seconds_of(made("4"))) == ROLLOUT
    with pytest.raises(RolloutFailed):
        roll_out(monkeypatch, seconds_of(made("1")))


def test_patience_reaches_probes_and_migrations(made):
    slow = made("4")
    spec = deployment_of(slow)["spec"]
    [container] = spec["template"]["spec"]["containers"]
    probes = ("startupProbe", "readinessProbe", "livenessProbe")
    limits = ("periodSeconds", "timeoutSeconds", "failureThreshold")
    assert spec["progressDeadlineSeconds"] == 480
    assert [tuple(container[probe][limit] for limit in limits) for probe in probes] == [
        (1, 8, 240),
        (1, 8, 12),
        (10, 8, 12),
    ]
    jobs = [each for each in slow.resources if each.type == "kubernetes:batch/v1:Job"]
    assert {job.inputs["spec"]["activeDeadlineSeconds"] for job in jobs} == {2400}


@pytest.mark.parametrize("patience", ["0.5", "101", "slow"])
def test_wrong_patience_is_refused(made, patience):
    with pytest.raises(Exception, match=r"Pulumi\.local\.yaml: herald:patience is wrong: expected"):
        made(patience)
