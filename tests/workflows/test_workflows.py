"""What the workflows promise each other, read from their files."""

import re
import tomllib
from glob import glob
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.environment import PROJECT

WORKFLOWS = {file.stem: file for file in (PROJECT / ".github" / "workflows").glob("*.yml")}
NODE_24 = {  # the first versions that run on Node 24; runners lack Node 20 since September 2026
    "actions/cache/restore": 5,
    "actions/cache/save": 5,
    "actions/checkout": 5,
    "actions/download-artifact": 7,
    "actions/setup-go": 6,
    "actions/setup-python": 6,
    "actions/upload-artifact": 6,
    "aws-actions/configure-aws-credentials": 6,
}
BRANCHES = {"dev": "development", "staging": "master", "prod": "production"}


def workflow(name: str) -> dict[str, Any]:
    # YAML 1.1 reads the key `on` as true.
    content: dict[Any, Any] = yaml.safe_load(WORKFLOWS[name].read_text())
    return {"on" if key is True else key: value for key, value in content.items()}


def test_forks_read_without_secrets():
    for name, file in WORKFLOWS.items():
        if "pull_request" not in workflow(name)["on"]:
            continue
        assert "secrets." not in file.read_text()
        jobs = workflow(name)["jobs"].values()
        assert {right for job in jobs for right in job["permissions"].values()} == {"read"}


def test_workflows_run_no_fork_code_privileged():
    assert not [name for name, file in WORKFLOWS.items() if "_target:" in file.read_text()]
    following = [name for name in WORKFLOWS if "workflow_run" in workflow(name)["on"]]
    assert following == ["comment"]
    [job] = workflow("comment")["jobs"].values()
    [checkout] = [each for each in job["steps"] if "checkout" in each.get("uses", "")]
    assert "ref" not in checkout["with"]  # the default branch
    assert [each["run"] for each in job["steps"] if "run" in each] == [
        "python3 .github/comment.py previews"
    ]
    assert {right for right, kind in job["permissions"].items() if kind == "write"} == {
        "pull-requests"
    }


def test_each_branch_is_one_environment_everywhere():
    for name, job in (("preview", "preview"), ("drift", "drift")):
        rows = workflow(name)["jobs"][job]["strategy"]["matrix"]["include"]
        assert {row["stack"]: row["branch"] for row in rows} == BRANCHES
    assert set(workflow("deploy")["on"]["push"]["branches"]) == set(BRANCHES.values())
    for name in ("deploy", "report"):
        assert workflow("deploy")["jobs"][name]["env"]["STACK"] == (
            "${{ github.ref_name == 'production' && 'prod' || "
            "github.ref_name == 'master' && 'staging' || 'dev' }}"
        )


def test_only_tested_commits_are_deployed():
    deploy = workflow("deploy")["jobs"]
    assert deploy["test"]["uses"] == "$/.github/workflows/test.yml"
    assert "workflow_call" in workflow("test")["on"]
    assert (deploy["deploy"]["needs"], deploy["report"]["needs"]) == ("test", "deploy")
    assert "if" not in deploy["deploy"]


@pytest.mark.parametrize(
    ("name", "branch", "environment"),
    [
        ("deploy", "github.ref_name", "${{ github.ref_name }}"),
        ("drift", "matrix.branch", "${{ matrix.branch }}-drift"),
    ],
)
def test_each_environment_has_a_runner(name: str, branch: str, environment: str):
    job = workflow(name)["jobs"][name]
    assert job["runs-on"] == (
        f"${{{{ vars[format('RUNNER_{{0}}', {branch})] || 'ubuntu-24.04' }}}}"
    )
    assert job["environment"] == environment


def test_account_is_checked_before_updates():
    steps = [each.get("run", "") for each in workflow("deploy")["jobs"]["deploy"]["steps"]]
    check = steps.index('.venv/bin/herald preview --stack "$STACK" --account')
    [update] = [place for place, text in enumerate(steps) if "pulumi up" in text]
    assert steps.index("make policies") < check < update


def test_drift_reads_pushed_images():
    """Without credentials of the registry, the engine leaves images out of the comparison."""
    steps = [each.get("run", "") for each in workflow("drift")["jobs"]["drift"]["steps"]]
    [login] = [place for place, text in enumerate(steps) if "docker login" in text]
    [comparison] = [place for place, text in enumerate(steps) if "pulumi preview" in text]
    assert login < comparison


def test_own_runners_serve_no_pull_request():
    """A fork could change the workflow, and then run in the network of a cluster."""
    own = {name for name, file in WORKFLOWS.items() if "RUNNER_{0}" in file.read_text()}
    assert own == {"deploy", "drift"}
    assert [name for name in own if "pull_request" in workflow(name)["on"]] == []
    guide = (PROJECT / "docs" / "how-to" / "deploy-to-aws.md").read_text()
    assert "runner group that admits only `deploy.yml` and `drift.yml`" in guide


def test_attestations_name_the_pushed_digests():
    deploy, attest = (workflow("deploy")["jobs"][name] for name in ("deploy", "attest"))
    assert deploy["outputs"] == {"pushed": "${{ steps.update.outputs.pushed }}"}
    assert attest["permissions"] == {"attestations": "write", "id-token": "write"}
    assert attest["strategy"]["matrix"] == {"image": "${{ fromJSON(needs.deploy.outputs.pushed) }}"}
    role, *_, provenance, sbom = (each.get("with", {}) for each in attest["steps"])
    assert role["role-to-assume"] == "${{ vars.DRIFT_ROLE_ARN }}"
    subject = {
        "subject-name": "${{ matrix.image.name }}",
        "subject-digest": "${{ matrix.image.digest }}",
    }
    assert (provenance, sbom) == (subject, {**subject, "sbom-path": "sbom.spdx.json"})


def test_notices_follow_start_success_and_failure():
    steps = workflow("deploy")["jobs"]["deploy"]["steps"]
    told_when = [each.get("if") for each in steps if "notice.py" in each.get("run", "")]
    assert told_when == [None, "success()", "failure() || cancelled()"]


def test_jobs_install_the_built_engine():
    built = tomllib.loads((PROJECT / "local" / "programs" / "programs.toml").read_text())["pulumi"][
        "ldflags"
    ]
    texts = [
        file.read_text() for file in WORKFLOWS.values() if "pulumi/actions@" in file.read_text()
    ]
    versions = {each for text in texts for each in re.findall(r"PULUMI_VERSION: (\S+)", text)}
    assert {f"v{each}" for each in versions} == {built.rpartition("=")[2]}
    assert all("pulumi-version: ${{ env.PULUMI_VERSION }}" in text for text in texts)


def pins_of_actions() -> dict[str, set[str]]:
    pins: dict[str, set[str]] = {}
    for file in [*WORKFLOWS.values(), *PROJECT.glob(".github/actions/*/action.yml")]:
        for action, pin in re.findall(r"uses: ([\w/-]+)@(.+)", file.read_text()):
            pins.setdefault(action, set()).add(pin)
    return pins


def test_actions_run_on_node_24():
    versions = {
        action: min(int(pin.rpartition("# v")[2].partition(".")[0]) for pin in pins)
        for action, pins in pins_of_actions().items()
    }
    assert NODE_24.keys() <= versions.keys()
    assert [each for each, least in NODE_24.items() if versions[each] < least] == []


def test_an_action_has_one_version_everywhere():
    pins = pins_of_actions()
    assert {action: pin for action, pin in pins.items() if len(pin) > 1} == {}
    assert all(re.fullmatch(r"[0-9a-f]{40} # v[\d.]+", pin) for [pin] in pins.values())


def test_dependabot_knows_every_folder_with_packages():
    updates = yaml.safe_load((PROJECT / ".github" / "dependabot.yml").read_text())["updates"]
    folders = {each["package-ecosystem"]: each.get("directories") for each in updates}
    assert folders.keys() == {"github-actions", "gomod", "pip"}
    packages = [*PROJECT.glob("*/*/requirements.in"), *PROJECT.glob("services/*/pyproject.toml")]
    assert {file.parent for file in packages} | {PROJECT} <= matched(folders["pip"])
    assert matched(folders["gomod"]) == {PROJECT / "local" / "programs"}
    actions = {file.parent for file in PROJECT.glob(".github/actions/*/action.yml")}
    assert actions | {PROJECT} == matched(folders["github-actions"])


def matched(patterns: list[str]) -> set[Path]:
    return {Path(place) for each in patterns for place in glob(f"{PROJECT}{each.rstrip('/')}")}


def test_programs_are_built_once_for_jobs():
    users = {name for name, file in WORKFLOWS.items() if "HERALD_PROGRAMS" in file.read_text()}
    assert users == {"rehearse", "release", "test"}
    for name in users:
        [job] = [job for job in workflow(name)["jobs"].values() if "programs" in ids(job)]
        for step in job["steps"]:
            archive = "${{ steps.programs.outputs.archive }}"
            assert step.get("env", {}).get("HERALD_PROGRAMS", archive) == archive


def ids(job: dict[str, Any]) -> set[str]:
    return {step["id"] for step in job.get("steps", ()) if "id" in step}
