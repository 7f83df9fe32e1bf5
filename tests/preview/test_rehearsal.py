import json
import socket
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.environment import PROJECT, Environment
from preview.made_up_foundation import made_up_outputs, made_up_state
from preview.rehearsal import (
    PROGRAMS,
    PreviewError,
    lacking,
    lay_out,
    read_stack_file,
    rehearsed,
    stack_names,
    variables,
)
from stacks.foundation import FoundationOutputs, checked
from stacks.stack_file import parse

LOCAL = read_stack_file("local")


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
def test_the_settings_of_each_stack_pass_with_made_up_secrets(stack: str, secret: Path):
    own = read_stack_file(stack)
    config = parse(stack, as_the_engine_gives_it(rehearsed(own, LOCAL, secret)), set())
    assert config.push.credentials.get_secret_value() == "made up"
    assert config.account == own["herald:account"]
    assert config.images.builder == "herald"


@pytest.mark.parametrize("stack", ["dev", "staging", "prod"])
def test_nothing_of_the_stack_can_be_reached(stack: str, secret: Path):
    result = rehearsed(read_stack_file(stack), LOCAL, secret)
    assert not [key for key in result if key.startswith("kubernetes:")]
    assert "aws:allowedAccountIds" not in result
    assert result["aws:accessKey"] == result["aws:secretKey"] == "local"
    [endpoints] = result["aws:endpoints"]
    assert {url for url in endpoints.values()} == {"http://127.0.0.1:4566"}
    assert result["aws:defaultTags"] == read_stack_file(stack)["aws:defaultTags"]


def test_ways_to_an_account_are_not_kept(secret: Path):
    given = {
        "aws:profile": "prod",
        "aws:assumeRoles": [{"roleArn": "arn"}],
        "aws:region": "eu-west-1",
        "kubernetes:kubeconfig": {"secure": "v1:abc"},
        "docker-build:host": "tcp://builder",
        "herald:push": {"url": "https://x", "credentials": {"secure": "v1:abc"}},
        "herald:list": [{"secure": "v1:abc"}],
    }
    assert rehearsed(given, {"aws:accessKey": "local", "aws:region": "other"}, secret) == {
        "aws:region": "eu-west-1",
        "aws:accessKey": "local",
        "herald:push": {"url": "https://x", "credentials": {"fromFile": str(secret)}},
        "herald:list": [{"fromFile": str(secret)}],
    }


def test_a_wrong_setting_stays_wrong(secret: Path):
    assert rehearsed({"herald:push": "text"}, {}, secret) == {"herald:push": "text"}


def test_credentials_of_the_caller_are_not_handed_on(monkeypatch: pytest.MonkeyPatch):
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "PULUMI_ACCESS_TOKEN", "KUBE_CONFIG_PATH"):
        monkeypatch.setenv(name, "mine")
    monkeypatch.setenv("KUBECONFIG", "/home/me/.kube/config")
    monkeypatch.setenv("PULUMI_BACKEND_URL", "s3://production-state")
    environment = Environment(Path("/state"))
    handed = variables(environment, Path("/tmp/preview"))
    assert "mine" not in handed.values()
    assert handed["KUBECONFIG"] == "/state/pki/admin.kubeconfig"
    assert handed["PULUMI_BACKEND_URL"] == "file:///tmp/preview"
    assert handed["AWS_ACCESS_KEY_ID"] == "local"


def test_stacks_are_known_by_their_files():
    assert stack_names() == ["dev", "local", "prod", "staging"]


@pytest.mark.parametrize(
    ("stack", "content", "said"),
    [
        ("qa", None, "qa is no stack; expected one of dev"),
        ("", None, "STACK is no stack; expected one of dev"),
        ("dev", "config: [", "Pulumi.dev.yaml is no YAML "),
        ("dev", "settings: {}", "Pulumi.dev.yaml has no `config:` with the stack's settings"),
        ("dev", "", "Pulumi.dev.yaml has no `config:` with the stack's settings"),
    ],
)
def test_what_is_no_stack_is_told(tmp_path: Path, stack: str, content: str | None, said: str):
    (tmp_path / "Pulumi.dev.yaml").write_text(content or "")
    with pytest.raises(PreviewError) as refused:
        read_stack_file(stack, tmp_path)
    assert str(refused.value).startswith(said)


def test_the_project_has_what_a_rehearsal_links():
    assert yaml.safe_load((PROJECT / "Pulumi.yaml").read_text())["main"] == "stacks/"
    assert (PROJECT / "services").is_dir()


@pytest.mark.parametrize("stack", ["dev", "staging", "prod"])
def test_the_foundation_of_a_stack_is_made_up_as_it_would_tell(stack: str, secret: Path):
    settings = rehearsed(read_stack_file(stack), LOCAL, secret)
    config = parse(stack, as_the_engine_gives_it(settings), set())
    told = made_up_outputs(settings)
    assert checked("made-up", told, config) == FoundationOutputs.model_validate(told)


def test_the_foundation_lies_beside_the_rehearsed_stack(tmp_path: Path):
    config = {"herald:foundation": {"stack": "organization/herald-foundation/prod"}}
    made_up_state(tmp_path, config)
    [file] = tmp_path.rglob("*.json")
    assert file.relative_to(tmp_path) == Path(".pulumi/stacks/herald-foundation/prod.json")
    [stack] = json.loads(file.read_text())["checkpoint"]["latest"]["resources"]
    assert stack["urn"] == (
        "urn:pulumi:prod::herald-foundation::pulumi:pulumi:Stack::herald-foundation-prod"
    )
    assert stack["outputs"] == made_up_outputs(config)


@pytest.mark.parametrize("reference", [None, "text", {}, {"stack": "prod"}, {"stack": 1}])
def test_a_reference_that_is_wrong_is_left_to_the_program(tmp_path: Path, reference: Any):
    made_up_state(tmp_path, {"herald:foundation": reference})
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize(
    ("name", "own", "parts"),
    [
        ("platform", ".", {"stacks", "services", ".venv"}),
        ("foundation", "foundation", {"__main__.py"}),
    ],
)
def test_each_program_is_laid_out_with_its_own_settings(
    tmp_path: Path, name: str, own: str, parts: set[str]
):
    program = PROGRAMS[name]
    folder = lay_out(tmp_path, program, "dev", {"aws:region": "eu-central-1"})
    assert folder == tmp_path / own
    assert (folder / "Pulumi.yaml").read_text() == (program.folder / "Pulumi.yaml").read_text()
    written = yaml.safe_load((folder / "Pulumi.dev.yaml").read_text())
    assert written == {"config": {"aws:region": "eu-central-1"}}
    assert {each.name for each in folder.iterdir() if each.is_symlink()} == parts
    assert (tmp_path / ".venv").exists()


def test_what_a_rehearsal_lacks_is_told_with_what_to_do(tmp_path, monkeypatch):
    environment = Environment(tmp_path)
    monkeypatch.setattr("preview.rehearsal.PROJECT", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(Environment, "shell", lambda self: {"PATH": str(tmp_path)})
    monkeypatch.setattr(Environment, "ports", {"AWS_PORT": 1})
    assert lacking(environment) == "pulumi is not installed; `make tools` builds it"
    (tmp_path / "pulumi").write_text("#!/bin/sh\n")
    (tmp_path / "pulumi").chmod(0o755)
    assert lacking(environment) == (
        "the policy pack has no packages yet; `make policies` installs them"
    )
    (tmp_path / "policies" / ".venv").mkdir(parents=True)
    (tmp_path / "policies" / ".venv" / "ready").touch()
    assert lacking(environment) == "the local environment does not answer; `make up` starts it"
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setattr(Environment, "ports", {"AWS_PORT": server.getsockname()[1]})
        assert lacking(environment) is None
