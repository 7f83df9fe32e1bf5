"""A version whose pods cannot start is taken back; the one that serves keeps its own secrets.

The rollout is started by kubectl: whether `pulumi up` notices a failed one is the business of the
Kubernetes plugin, which now and then reports success before the new pods were looked at.
"""

import json
import time

import httpx
import pulumi
import pytest

from infra.rollback import kubectl_of, undo

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]
NAMESPACE, NAME, BROKEN = "local", "local-notification-service", "a-key-that-is-none"


@pytest.fixture
def kubectl(platform, monkeypatch):
    for name, value in platform.shell.items():
        monkeypatch.setenv(name, value)
    return kubectl_of(pulumi.Config("kubernetes"))


@pytest.fixture
def broken(platform):
    """A secret with an account of Google that no service can read."""
    platform.kubectl("create", "secret", "generic", BROKEN, "--from-literal=config=not a key")
    yield BROKEN
    platform.kubectl("delete", "secret", BROKEN)


def template(platform):
    deployment = json.loads(platform.kubectl("get", "deployment", NAME, "-o", "json"))
    return deployment["spec"]["template"]


def pods(platform):
    label = f"app.kubernetes.io/name={NAME}"
    return json.loads(platform.kubectl("get", "pods", "-l", label, "-o", "json"))["items"]


def ready_pods(platform):
    return {
        pod["metadata"]["name"]
        for pod in pods(platform)
        for condition in pod["status"].get("conditions", [])
        if (condition["type"], condition["status"]) == ("Ready", "True")
    }


def crashed(pod):
    statuses = pod["status"].get("containerStatuses", [])
    return any(status["restartCount"] for status in statuses)


def patch(secret):
    reference = {"secretKeyRef": {"name": secret, "key": "config"}}
    variable = {"name": "FCM_CREDENTIALS", "valueFrom": reference}
    container = {"name": NAME, "env": [variable]}
    return json.dumps({"spec": {"template": {"spec": {"containers": [container]}}}})


def ready_again(url):
    """Whether it answers within half a minute: the node's port follows its pods a moment later."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            if httpx.get(url).status_code == 200:
                return True
        except httpx.TransportError:
            pass
        time.sleep(0.5)
    return False


def test_a_version_that_cannot_start_is_taken_back(platform, kubectl, broken):
    before, serving = template(platform), ready_pods(platform)
    platform.kubectl("patch", "deployment", NAME, "--patch", patch(broken))
    deadline = time.monotonic() + 90
    while not any(map(crashed, pods(platform))) and time.monotonic() < deadline:
        time.sleep(0.5)
    assert ready_pods(platform) == serving

    said = undo(kubectl, NAMESPACE, NAME)

    assert said == (
        f"The rollout of the Deployment {NAME} failed: the new pod ends with exit code 2 (Error),"
        " its last words are: FCM_CREDENTIALS is not a Google service account's JSON key; give the"
        " file that the Firebase console makes, as it is. It has been rolled back to the version"
        " that served before, with that version's secrets; mend the cause and run `pulumi up`"
        " again."
    )
    assert template(platform) == before
    assert ready_pods(platform) == serving

    # A pod of the old version still finds its own secret.
    platform.kubectl("delete", "pod", *serving, "--wait=true")
    platform.kubectl("rollout", "status", f"deployment/{NAME}", "--timeout=60s")
    assert ready_again(f"{platform.shell['DEVICES_URL']}/health/ready")
