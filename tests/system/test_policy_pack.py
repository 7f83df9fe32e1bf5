"""The pack as the engine runs it, on the platform of `make up`."""

import os
import shutil
import subprocess
from pathlib import Path

import yaml

from local.environment import PROJECT, Environment

INSECURE = Path(__file__).parent / "insecure"
PACK = PROJECT / "review" / "policies"


def pulumi(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    shell = {**os.environ, **Environment().shell()}
    if folder != PROJECT:
        shell["PULUMI_BACKEND_URL"] = f"file://{folder}/state"
    command = ["pulumi", *arguments, "--non-interactive", "--color", "never"]
    return subprocess.run(
        command, cwd=folder, env=shell, capture_output=True, text=True, check=False
    )


def broken_rules(output: str) -> set[tuple[str, str]]:
    """The level and the name of each rule that the CLI lists."""
    lines = (line.strip().split() for line in output.splitlines())
    return {(line[1].strip("[]"), line[2]) for line in lines if line[:1] == ["-"] and len(line) > 2}


def test_the_local_stack_breaks_no_rule():
    done = pulumi(PROJECT, "preview", "--stack", "local", "--policy-pack", str(PACK))
    assert broken_rules(done.stdout) == set()
    assert "✅ platform@v0.1.0" in done.stdout
    assert done.returncode == 0


def test_an_insecure_program_is_stopped(tmp_path: Path):
    folder = shutil.copytree(INSECURE, tmp_path / "insecure")
    (folder / "state").mkdir()
    local = yaml.safe_load((PROJECT / "Pulumi.local.yaml").read_text())["config"]
    addresses = {
        key: value
        for key, value in local.items()
        if key.startswith("aws:") and key != "aws:defaultTags"
    }
    (folder / "Pulumi.test.yaml").write_text(yaml.safe_dump({"config": addresses}))
    assert pulumi(folder, "stack", "init", "test").returncode == 0

    refused = pulumi(folder, "preview", "--stack", "test", "--policy-pack", str(PACK))
    assert refused.returncode != 0
    assert broken_rules(refused.stdout) == {
        ("mandatory", "access-names-actions"),
        ("mandatory", "access-names-resources"),
        ("mandatory", "data-protected"),
        ("mandatory", "queue-encrypted"),
        ("mandatory", "queue-has-dead-letters"),
        ("mandatory", "tagged"),
        ("mandatory", "topic-encrypted"),
    }

    up = pulumi(
        folder, "up", "--yes", "--skip-preview", "--stack", "test", "--policy-pack", str(PACK)
    )
    assert up.returncode != 0
    assert "mandatory" in up.stdout
    kept = pulumi(folder, "stack", "export", "--stack", "test").stdout
    assert "aws:sns/topic:Topic" not in kept

    assert pulumi(folder, "preview", "--stack", "test").returncode == 0
