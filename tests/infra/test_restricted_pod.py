import pulumi
import pytest
from herald_infra.restricted_pod import Environment, Resources, container, pod
from herald_infra.service_secret import ServiceSecret, ServiceSecretArgs

from review.simulation.simulated_outputs import SUFFIX

RESOURCES = Resources(
    cpu_request="100m", cpu_limit="1", memory_request="128Mi", memory_limit="256Mi"
)


def environment(password="hunter2"):
    args = ServiceSecretArgs(namespace="n", labels={}, data={"password": password})
    key = ServiceSecret("db-secrets", args).key("password")
    return Environment(values={"HOST": "db"}, secrets={"PASSWORD": key})


def exported(deploy, made):
    return deploy(lambda: pulumi.export("made", made())).exports["made"]


def test_variables_are_sorted_values_or_references(deploy):
    more = Environment(values={"ADDRESS": "a"})
    assert exported(deploy, lambda: (environment() | more).variables()) == [
        {"name": "ADDRESS", "value": "a"},
        {"name": "HOST", "value": "db"},
        {
            "name": "PASSWORD",
            "valueFrom": {
                "secretKeyRef": {"name": f"db-secrets-version-{SUFFIX}", "key": "password"}
            },
        },
    ]


def test_plain_settings_contain_no_secret(deploy):
    deployment = deploy(lambda: pulumi.export("made", environment().plain_values()))
    assert deployment.exports["made"] == {"HOST": "db", "PASSWORD": "hunter2"}
    assert deployment.secret_exports == {"made"}


@pytest.fixture
def made(deploy):
    def program():
        told = environment()
        main = container(
            "web", image="web@sha256:1", environment=told, resources=RESOURCES, arguments=["x"]
        )
        return pod({"app": "web"}, main, {"restartPolicy": "Never"})

    return exported(deploy, program)


def test_container_has_no_privileges(made):
    [main] = made["spec"]["containers"]
    assert {name: main[name] for name in main if name != "env"} == {
        "name": "web",
        "image": "web@sha256:1",
        "args": ["x"],
        "resources": {
            "requests": {"cpu": "100m", "memory": "128Mi", "ephemeral-storage": "64Mi"},
            "limits": {"cpu": "1", "memory": "256Mi", "ephemeral-storage": "256Mi"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
    }


def test_pod_is_restricted_without_a_token(made):
    assert {name: made["spec"][name] for name in made["spec"] if name != "containers"} == {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "restartPolicy": "Never",
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 10001,
            "runAsGroup": 10001,
            "fsGroup": 10001,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}}],
    }
    assert made["metadata"]["labels"] == {"app": "web"}
