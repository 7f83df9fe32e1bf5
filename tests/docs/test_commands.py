"""Commands, keys, paths and programs on the pages exist and work."""

import json
import re
import shlex
from itertools import takewhile
from pathlib import Path

import pytest
from typer.main import get_command

from docs.generator.configuration import keys_of
from operations.command_line import app
from stacks.config.project import ROOT
from stacks.config.stack import StackConfig
from stacks.foundation.config import FoundationConfig
from stacks.outputs.foundation import FoundationOutputs
from stacks.outputs.models import StackOutputs
from tests.docs import pages

NAMES = sorted(pages.TEXTS)
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
KEYS = set(
    re.findall(
        r"`((?:herald|herald-foundation|aws):[^`]+)`",
        keys_of(StackConfig, "herald:") + keys_of(FoundationConfig, "herald-foundation:"),
    )
)
SECTIONS = {
    ".".join(key.replace("[]", "").split(".")[:parts]) for key in KEYS for parts in range(1, 6)
}
FOLDERS = "docs|infra|local|operations|plugins|review|services|stacks|tests"
PATH = re.compile(rf"(?:{FOLDERS}|\.github)/[\w./-]+")
PROVIDER = "arn:aws:iam::123456789012:oidc-provider/oidc.example.com/id/1"


def words_of(name, program):
    """Return the arguments of a program in the commands and inline code of a page."""
    text = pages.TEXTS[name]
    for line in [*pages.commands(text), *pages.inline_code(text)]:
        for part in re.split(r"&&|;|\||\$\(", line.replace('"$(', "$(")):
            if match := re.match(rf"\s*(?:\.venv/bin/)?{program} (.+)", part):
                yield shlex.split(match[1].rstrip(')" '), comments=True)


def test_pages_contain_commands():
    assert len([words for name in NAMES for words in words_of(name, "herald")]) > 30
    assert len([words for name in NAMES for words in words_of(name, "make")]) > 30


@pytest.mark.parametrize("name", NAMES)
def test_make_targets_exist(name):
    for words in words_of(name, "make"):
        for word in words:
            if "=" not in word and not word.startswith("-"):
                assert re.search(rf"(?m)^[^\n:#]*(?<![\w-]){re.escape(word)}[^\n:=]*:", MAKEFILE), (
                    word
                )


@pytest.mark.parametrize("name", NAMES)
def test_herald_commands_exist(name):
    for words in words_of(name, "herald"):
        command, rest = get_command(app), list(words)
        while hasattr(command, "commands") and rest:
            assert rest[0] in command.commands, words
            command = command.commands[rest.pop(0)]
        known = {option for each in command.params for option in each.opts} | {"--help"}
        used = {word.partition("=")[0] for word in takewhile(lambda w: w != ">", rest)}
        assert {word for word in used if word.startswith("--")} <= known, words


def test_outputs_of_commands_exist():
    names = {
        found
        for name in NAMES
        for found in re.findall(
            r"pulumi stack output (\w+)", "\n".join(pages.commands(pages.TEXTS[name]))
        )
    }
    assert names
    assert names <= StackOutputs.model_fields.keys() | FoundationOutputs.model_fields.keys()


@pytest.mark.parametrize("name", NAMES)
def test_configuration_keys_exist(name):
    text = pages.TEXTS[name]
    used = set(re.findall(r"\b((?:herald|herald-foundation):[a-z][A-Za-z]*(?:\.[A-Za-z]+)*)", text))
    assert {key for key in used if key not in KEYS | SECTIONS} == set()


@pytest.mark.parametrize("name", NAMES)
def test_paths_exist(name):
    text = pages.TEXTS[name]
    used = {
        found.rstrip("./")
        for code in [*pages.inline_code(text), *pages.commands(text)]
        for found in PATH.findall(code)
        if code.startswith(found) or f" {found}" in code
    }
    named = {path for path in used if "STACK" not in path}
    assert {path for path in named if not (ROOT / path).exists()} == set()


PROGRAMS = [
    (name, number, code)
    for name in NAMES
    for number, code in enumerate(pages.blocks(pages.TEXTS[name], "python"))
]


@pytest.mark.parametrize(("name", "number", "code"), PROGRAMS)
def test_python_programs_deploy(deploy, name, number, code):
    program = compile(code, f"{name}#{number}", "exec")
    config = {"shop:oidcProviderArn": PROVIDER}
    deployment = deploy(lambda: exec(program, {}), project="shop", config=config)
    assert deployment.resources
    assert deployment.problems == []


def test_component_program_grants_one_use(deploy):
    [code] = pages.blocks(pages.TEXTS["docs/how-to/use-a-component.md"], "python")
    program = compile(code, "use-a-component.md", "exec")
    config = {"shop:oidcProviderArn": PROVIDER}
    deployment = deploy(lambda: exec(program, {}), project="shop", config=config)
    subscription = deployment.one("aws:sns/topicSubscription:TopicSubscription", "invoices").inputs
    policy = json.loads(deployment.one("aws:iam/rolePolicy:RolePolicy").inputs["policy"])
    queue = "arn:aws:sqs:eu-central-1:123456789012:invoices-1a2b3c4"
    assert json.loads(subscription["filterPolicy"]) == {"kind": ["paid"]}
    assert [each["Resource"] for each in policy["Statement"]] == [[queue]]
    assert deployment.exports == {
        "queue_url": "https://sqs.eu-central-1.amazonaws.com/123456789012/invoices-1a2b3c4"
    }


@pytest.mark.parametrize("name", NAMES)
def test_edits_fit_their_files(name):
    """Unchanged and removed lines of a `diff` block exist in the file that its title names."""
    pattern = r'^```diff title="([^"]+)"\n(.*?)^```$'
    for file, body in re.findall(pattern, pages.TEXTS[name], re.DOTALL | re.MULTILINE):
        existing = Path(ROOT / file).read_text(encoding="utf-8").splitlines()
        expected = [line[1:] for line in body.splitlines() if line[:1] in (" ", "-")]
        assert [line for line in expected if line not in existing] == []


def test_replaced_texts_exist():
    edits = [
        edit
        for name in NAMES
        for line in pages.commands(pages.TEXTS[name])
        for edit in re.findall(r"sed -i 's/([^/]+)/[^/]*/' (\S+)", line)
    ]
    assert edits
    assert [edit for edit in edits if not contains(ROOT / edit[1], edit[0])] == []


def contains(file: Path, pattern: str) -> bool:
    """Return True if a basic regular expression, in which parentheses are literal, matches."""
    return bool(re.search(re.sub(r"([()])", r"\\\1", pattern), file.read_text("utf-8")))


@pytest.mark.parametrize("name", NAMES)
def test_policy_packs_match_paths_on_pages(name):
    folder = ROOT
    for command in pages.commands(pages.TEXTS[name]):
        if entered := re.match(r"cd ([\w./-]+)$", command):
            folder = (folder / entered[1]).resolve()
        if pack := re.search(r"--policy-pack (\S+)", command):
            assert (folder / pack[1]).resolve() == ROOT / "review" / "policies", command
