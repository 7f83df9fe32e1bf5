import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.environment import PROJECT
from review.simulation.rehearsal import (
    ACCESS,
    ENGINE,
    PROGRAMS,
    PROVIDERS,
    PreviewError,
    lay_out,
    missing_tools,
    read_stack_file,
    run,
    simulate_settings,
    stack_names,
    variables,
)
from review.simulation.simulated_foundation import simulate_outputs, write_foundation_state
from stacks.config.project import PROJECT as PROJECT_NAME
from stacks.config.stack_file import parse
from stacks.outputs.foundation import FoundationOutputs
from stacks.platform.existing_resources import validate


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    file = tmp_path / "secret"
    file.write_text("made up")
    return file


def as_the_engine_gives_it(config: dict[str, Any]) -> dict[str, str]:
    return {
        key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()
    }


@pytest.mark.parametrize("stack", ["dev", "staging", "prod"])
def test_stack_settings_pass_with_generated_secrets(stack: str, secret: Path):
    own = read_stack_file(stack)
    config = parse(stack, as_the_engine_gives_it(simulate_settings(own, secret)), set())
    assert config.push.credentials.get_secret_value() == "made up"
    assert config.account == own[f"{PROJECT_NAME}:account"]


@pytest.mark.parametrize("stack", ["dev", "staging", "prod"])
def test_rehearsed_stack_reaches_nothing(stack: str, secret: Path):
    own = read_stack_file(stack)
    result = simulate_settings(own, secret)
    providers = {key: result[key] for key in result if not key.startswith("herald:")}
    assert providers == {key: own[key] for key in ("aws:region", "aws:defaultTags")}


def test_account_access_is_removed(secret: Path):
    given = {
        "aws:profile": "prod",
        "aws:assumeRoles": [{"roleArn": "arn"}],
        "aws:region": "eu-west-1",
        "kubernetes:kubeconfig": {"secure": "v1:abc"},
        "docker-build:host": "tcp://builder",
        f"{PROJECT_NAME}:push": {"url": "https://x", "credentials": {"secure": "v1:abc"}},
        f"{PROJECT_NAME}:list": [{"secure": "v1:abc"}],
    }
    assert simulate_settings(given, secret) == {
        "aws:region": "eu-west-1",
        f"{PROJECT_NAME}:push": {"url": "https://x", "credentials": {"fromFile": str(secret)}},
        f"{PROJECT_NAME}:list": [{"fromFile": str(secret)}],
    }


def test_a_wrong_setting_stays_wrong(secret: Path):
    assert simulate_settings({f"{PROJECT_NAME}:push": "text"}, secret) == {
        f"{PROJECT_NAME}:push": "text"
    }


def test_credentials_of_caller_are_not_inherited(monkeypatch: pytest.MonkeyPatch):
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "PULUMI_ACCESS_TOKEN", "KUBE_CONFIG_PATH"):
        monkeypatch.setenv(name, "mine")
    monkeypatch.setenv("KUBECONFIG", "/home/me/.kube/config")
    monkeypatch.setenv("PULUMI_BACKEND_URL", "s3://production-state")
    monkeypatch.setenv("HOME", "/home/me")
    handed = variables(Path("/tmp/preview"))
    assert "mine" not in handed.values()
    assert {key: value for key, value in handed.items() if key.startswith(ACCESS)} == {
        **ENGINE,
        "PULUMI_HOME": "/tmp/preview/home",
        "PULUMI_BACKEND_URL": "file:///tmp/preview/state",
    }
    assert handed["HOME"] == "/home/me"


def test_stacks_are_known_by_their_files():
    assert stack_names() == ["dev", "local", "prod", "staging"]


@pytest.mark.parametrize(
    ("stack", "content", "said"),
    [
        ("qa", None, "expected a stack among dev; got qa"),
        ("", None, "expected a stack among dev; got none"),
        ("dev", "config: [", "expected YAML in Pulumi.dev.yaml, found an error "),
        ("dev", "settings: {}", "Pulumi.dev.yaml must contain `config:` with settings"),
        ("dev", "", "Pulumi.dev.yaml must contain `config:` with settings"),
    ],
)
def test_what_is_no_stack_is_told(tmp_path: Path, stack: str, content: str | None, said: str):
    (tmp_path / "Pulumi.dev.yaml").write_text(content or "")
    with pytest.raises(PreviewError) as refused:
        read_stack_file(stack, tmp_path)
    assert str(refused.value).startswith(said)


def test_project_has_the_linked_files():
    assert yaml.safe_load((PROJECT / "Pulumi.yaml").read_text())["main"] == "stacks/"
    assert (PROJECT / "services").is_dir()


@pytest.mark.parametrize("stack", ["dev", "staging", "prod"])
def test_foundation_outputs_are_simulated(stack: str, secret: Path):
    settings = simulate_settings(read_stack_file(stack), secret)
    config = parse(stack, as_the_engine_gives_it(settings), set())
    told = simulate_outputs(settings)
    assert validate("made-up", told, config) == FoundationOutputs.model_validate(told)


def test_foundation_lies_beside_rehearsed_stack(tmp_path: Path):
    config = {f"{PROJECT_NAME}:foundation": {"stack": "organization/herald-foundation/prod"}}
    write_foundation_state(tmp_path, config)
    [file] = tmp_path.rglob("*.json")
    assert file.relative_to(tmp_path) == Path(".pulumi/stacks/herald-foundation/prod.json")
    [stack] = json.loads(file.read_text())["checkpoint"]["latest"]["resources"]
    assert stack["urn"] == (
        "urn:pulumi:prod::herald-foundation::pulumi:pulumi:Stack::herald-foundation-prod"
    )
    assert stack["outputs"] == simulate_outputs(config)


@pytest.mark.parametrize("reference", [None, "text", {}, {"stack": "prod"}, {"stack": 1}])
def test_wrong_reference_is_left_to_program(tmp_path: Path, reference: Any):
    write_foundation_state(tmp_path, {f"{PROJECT_NAME}:foundation": reference})
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize(
    ("name", "own", "parts"),
    [
        ("platform", ".", {"stacks", "services", ".venv"}),
        ("foundation", "stacks/foundation", {"__main__.py"}),
    ],
)
def test_programs_have_their_own_settings(tmp_path: Path, name: str, own: str, parts: set[str]):
    program = PROGRAMS[name]
    folder = lay_out(tmp_path, program, "dev", {"aws:region": "eu-central-1"})
    assert folder == tmp_path / own
    assert (folder / "Pulumi.yaml").read_text() == (program.folder / "Pulumi.yaml").read_text()
    written = yaml.safe_load((folder / "Pulumi.dev.yaml").read_text())
    assert written == {"config": {"aws:region": "eu-central-1"}}
    assert {each.name for each in folder.iterdir() if each.is_symlink()} == parts
    assert (tmp_path / ".venv").exists()


def test_each_provider_has_a_stand_in(tmp_path: Path):
    lay_out(tmp_path, PROGRAMS["platform"], "dev", {})
    plugins = [*(tmp_path / "home" / "plugins").glob("resource-*/pulumi-resource-*")]
    assert {each.name.removeprefix("pulumi-resource-") for each in plugins} == set(PROVIDERS)
    [host] = (tmp_path / "home" / "plugins").glob("language-*/*")
    assert all(os.access(each, os.X_OK) for each in [*plugins, host])


def test_missing_requirement_is_named_with_remedy(tmp_path, monkeypatch):
    monkeypatch.setattr("review.simulation.rehearsal.PROJECT", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert missing_tools() == (
        "expected the Pulumi CLI on PATH; install it, or run `make tools` to build it"
    )
    (tmp_path / "pulumi").write_text("#!/bin/sh\n")
    (tmp_path / "pulumi").chmod(0o755)
    assert missing_tools() == "the policy pack has no packages; run `make policies`"
    (tmp_path / "review" / "policies" / ".venv").mkdir(parents=True)
    (tmp_path / "review" / "policies" / ".venv" / "ready").touch()
    assert missing_tools() is None


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """A Pulumi CLI that writes what it is told."""

    def run_with(script: str) -> str:
        program = tmp_path / "pulumi"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        return run("dev", tmp_path, {"PATH": str(tmp_path)})

    monkeypatch.setenv("PATH", str(tmp_path))
    return run_with


SUMMARY = '{"policyAnalyzeSummaryEvent":{}}'


def test_failures_without_a_reason_are_refused(engine: Callable[[str], str]):
    with pytest.raises(PreviewError, match="`pulumi preview` failed: no language plugin"):
        engine(f"echo '{SUMMARY}'; echo 'no language plugin' >&2; exit 1")


@pytest.mark.parametrize(
    "reason",
    [
        '{"diagnosticEvent":{"severity":"error","message":"no"}}',
        '{"policyEvent":{"enforcementLevel":"mandatory"}}',
    ],
)
def test_failures_with_a_reason_are_reported(engine: Callable[[str], str], reason: str):
    assert engine(f"echo '{reason}'; exit 1") == f"{reason}\n"


def test_plans_without_policies_are_refused(engine: Callable[[str], str]):
    assert engine(f"echo '{SUMMARY}'") == f"{SUMMARY}\n"
    with pytest.raises(PreviewError, match="applied no policy"):
        engine("echo '{\"summaryEvent\":{}}'")
