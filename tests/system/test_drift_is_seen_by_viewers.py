"""The nightly comparison of a small stack on the cluster, by a caller that may only read."""

import json
import os
import subprocess
import uuid
from pathlib import Path

import pytest
import yaml

from local.environment import PROJECT
from tests.workflows.test_drift import comparison

PROGRAM = """
import pulumi
from herald_infra.kubernetes_object import KubernetesObject

run = pulumi.Config().require("run")
for part in ("changed", "deleted", "kept"):
    KubernetesObject(
        part,
        api="policy/v1",
        kind="PodDisruptionBudget",
        metadata={"name": f"{run}-{part}", "namespace": "local"},
        body={"spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"part": run}}}},
    )
"""


class Drifted:
    """A stack whose objects somebody has changed and deleted."""

    def __init__(self, platform, folder: Path) -> None:
        self.platform, self.folder = platform, folder
        self.run = f"drift-{uuid.uuid4().hex[:6]}"
        runtime = {"name": "python", "options": {"virtualenv": str(PROJECT / ".venv")}}
        (folder / "Pulumi.yaml").write_text(yaml.safe_dump({"name": "drift", "runtime": runtime}))
        (folder / "__main__.py").write_text(PROGRAM)
        (folder / "state").mkdir()
        self.variables = {
            **os.environ, **platform.shell, "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
        }  # fmt: skip
        self.pulumi("stack", "init", "dev")
        self.pulumi("config", "set", "run", self.run, "--stack", "dev")
        self.pulumi("up", "--stack", "dev", "--yes", "--skip-preview")
        change = ["--type=merge", "-p", json.dumps({"spec": {"maxUnavailable": 2}})]
        platform.kubectl("patch", "pdb", f"{self.run}-changed", *change)
        platform.kubectl("delete", "pdb", f"{self.run}-deleted")

    def pulumi(self, *arguments: str, check: bool = True, **variables: str):
        return subprocess.run(
            ["pulumi", *arguments],
            cwd=self.folder,
            env={**self.variables, **variables},
            capture_output=True,
            text=True,
            check=check,
        )

    def viewer(self) -> str:
        """Make a service account that may only read, and return its kubeconfig."""
        kubectl = self.platform.kubectl
        kubectl("create", "serviceaccount", self.run)
        account = f"--serviceaccount=local:{self.run}"
        kubectl("create", "rolebinding", self.run, "--clusterrole=view", account)
        token = kubectl("create", "token", self.run).strip()
        written = yaml.safe_load(Path(self.platform.shell["KUBECONFIG"]).read_text())
        for user in written["users"]:
            user["user"] = {"token": token}
        config = self.folder / "kubeconfig"
        config.write_text(yaml.safe_dump(written))
        return str(config)

    def remove(self) -> None:
        self.pulumi("destroy", "--stack", "dev", "--yes", "--skip-preview", "--refresh")
        self.platform.kubectl("delete", "rolebinding,serviceaccount", self.run)


@pytest.fixture
def stack(platform, tmp_path):
    made = Drifted(platform, tmp_path)
    yield made
    made.remove()


def test_viewer_sees_changes_and_deletions(stack):
    seen = stack.pulumi(*comparison(), check=False, KUBECONFIG=stack.viewer())
    assert seen.returncode != 0
    assert "~ maxUnavailable: 2 => 1" in seen.stdout
    assert f"{stack.run}-deleted" in seen.stdout
    counted = seen.stdout[seen.stdout.index("Resources:") :].split()
    assert counted[1:] == "+ 1 to create ~ 1 to update 2 changes. 2 unchanged".split()
