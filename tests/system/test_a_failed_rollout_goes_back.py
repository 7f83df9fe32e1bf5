"""New pods that cannot start leave the old ones serving, with the secrets of their version."""

import base64
import json
import os
import subprocess
import time

import httpx
import pytest

from local.environment import PROJECT

pytestmark = pytest.mark.disruptive
NAME = "local-notification-service"
UP = ["pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--suppress-outputs"]


@pytest.fixture
def broken(tmp_path):
    """The stack file of this environment with an account of Google that no service can read."""
    key = tmp_path / "key.json"
    key.write_text("not a key")
    file = tmp_path / "Pulumi.local.yaml"
    text = (PROJECT / "Pulumi.local.yaml").read_text()
    for old, new in (
        ("fromFile: .local/secrets/fcm-credentials.json", f"fromFile: {key}"),
        ("rolloutSeconds: 120", "rolloutSeconds: 40"),  # a busy machine starts a pod in 15 s
    ):
        assert old in text
        text = text.replace(old, new)
    file.write_text(text)
    return file


@pytest.fixture
def update(platform):
    updates = []

    def run(*options):
        command = [*UP, "--stack", "local", "--cwd", str(PROJECT), *options]
        variables = {**os.environ, **platform.shell}
        done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
        updates.append(done)
        return done

    yield run
    if updates and updates[-1].returncode:
        mended = run()
        assert mended.returncode == 0, mended.stdout


def template(platform):
    deployment = json.loads(platform.kubectl("get", "deployment", NAME, "-o", "json"))
    return deployment["spec"]["template"]


def ready_pods(platform):
    label = f"app.kubernetes.io/name={NAME}"
    listed = json.loads(platform.kubectl("get", "pods", "-l", label, "-o", "json"))
    return {
        pod["metadata"]["name"]
        for pod in listed["items"]
        for condition in pod["status"].get("conditions", [])
        if (condition["type"], condition["status"]) == ("Ready", "True")
    }


def key_of(platform, secret):
    data = json.loads(platform.kubectl("get", "secret", secret, "-o", "json"))["data"]
    return base64.b64decode(data["config"]).decode()


def key_that_pods_read(platform):
    [container] = template(platform)["spec"]["containers"]
    [variable] = [v for v in container["env"] if v["name"] == "FCM_CREDENTIALS"]
    return key_of(platform, variable["valueFrom"]["secretKeyRef"]["name"])


def ready_again(url):
    """Whether it answers within two minutes: the node's port follows its pods a moment later."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            if httpx.get(url, timeout=60).status_code == 200:
                return True
        except httpx.TransportError:
            pass
        time.sleep(0.5)
    return False


def test_broken_secret_leaves_old_version_serving(platform, update, broken):
    before, serving = template(platform), ready_pods(platform)

    failed = update("--config-file", str(broken))

    assert failed.returncode != 0
    said = " ".join(failed.stdout.split())
    assert f"The rollout of the Deployment {NAME} failed: the new pod ends with exit code" in said
    assert "FCM_CREDENTIALS is not a Google service account's JSON key" in said
    assert "It has been rolled back to the version that served before" in said
    assert template(platform) == before
    assert ready_pods(platform) == serving
    assert key_that_pods_read(platform) != "not a key"
    assert key_of(platform, "local-fcm-secrets") != "not a key"
    assert httpx.get(f"{platform.shell['DEVICES_URL']}/health/ready").status_code == 200

    # A pod of the old version still finds its own secret.
    platform.kubectl("delete", "pod", *serving, "--wait=true")
    platform.kubectl("rollout", "status", f"deployment/{NAME}", "--timeout=300s")
    assert ready_again(f"{platform.shell['DEVICES_URL']}/health/ready")

    mended = update()
    assert mended.returncode == 0, mended.stdout
    assert key_that_pods_read(platform) == key_of(platform, "local-fcm-secrets") != "not a key"
    versions = platform.kubectl("get", "secrets", "-o", "name").count("local-fcm-secrets-version-")
    assert versions == 1
