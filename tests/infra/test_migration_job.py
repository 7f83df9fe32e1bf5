import pytest
from herald_infra.migration_job import MigrationJob, MigrationJobArgs
from herald_infra.restricted_pod import Environment, Resources


@pytest.fixture
def job(deploy):
    args = MigrationJobArgs(
        namespace="development",
        labels={"part": "x"},
        image="registry/event-service@sha256:1",
        arguments=["migrate"],
        environment=Environment(values={"DATABASE_NAME": "notifications"}),
        resources=Resources(
            cpu_request="100m", cpu_limit="1", memory_request="128Mi", memory_limit="256Mi"
        ),
    )
    return deploy(lambda: MigrationJob("dev-migration", args)).one("kubernetes:batch/v1:Job")


def test_job_has_a_name_per_image(job):
    assert job.inputs["metadata"] == {"namespace": "development", "labels": {"part": "x"}}


def test_the_job_ends_by_itself(job):
    spec = job.inputs["spec"]
    assert {name: spec[name] for name in spec if name != "template"} == {
        "backoffLimit": 3,
        "activeDeadlineSeconds": 600,
    }
    assert spec["template"]["spec"]["restartPolicy"] == "Never"


def test_job_migrates_in_a_restricted_pod(job):
    template = job.inputs["spec"]["template"]
    [container] = template["spec"]["containers"]
    assert container["image"] == "registry/event-service@sha256:1"
    assert container["args"] == ["migrate"]
    assert container["env"] == [{"name": "DATABASE_NAME", "value": "notifications"}]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert template["spec"]["securityContext"]["runAsNonRoot"] is True


def test_service_selectors_skip_the_job(job):
    assert "app.kubernetes.io/name" not in job.inputs["spec"]["template"]["metadata"]["labels"]
