"""The wheels work in a project that knows nothing else of Herald."""

import json
import os
import site
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from typer.main import get_command

from local.environment import PROJECT
from operations.command_line import app
from tests.docs import pages

pytestmark = pytest.mark.integration
UV = [str(PROJECT / ".venv" / "bin" / "uv"), "--quiet", "--offline"]
PROVIDER = "arn:aws:iam::123456789012:oidc-provider/oidc.example.com/id/1"
[EXAMPLE] = pages.blocks(pages.TEXTS["docs/how-to/use-a-component.md"], "python")
COMPONENTS = f"""
import asyncio, json, os, sys
import pulumi
from pulumi.runtime import mocks
from pulumi.runtime.settings import set_root_resource
from pulumi.runtime.stack import run_in_stack

class Cloud(mocks.Mocks):
    def new_resource(self, args):
        created.append(args.typ)
        return args.name, {{**args.inputs, "arn": args.name}}
    def call(self, args):
        return {{}}

created = []
loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
pulumi.runtime.set_all_config({{"shop:oidcProviderArn": "{PROVIDER}"}})
mocks.set_mocks(Cloud(), project="shop")
set_root_resource(None)  # the one of run_in_stack takes its place
example = compile({EXAMPLE!r}, "example", "exec")
loop.run_until_complete(run_in_stack(lambda: exec(example, {{}})))
loaded = {{name.partition(".")[0] for name in sys.modules}}
print(json.dumps(sorted(loaded & {{"herald_command", "herald_infra", "operations", "stacks"}})))
print(json.dumps(sorted(name for name in created if name.startswith("herald:"))), flush=True)
os._exit(0)  # the SDK leaves event loops of its threads open
"""
COMMANDS = """
import contextlib, io, json, sys
import herald_command

print("stacks" in sys.modules)
results = []
for words in json.load(sys.stdin):
    sys.argv = ["herald", *words]
    text = io.StringIO()
    with contextlib.redirect_stdout(text), contextlib.redirect_stderr(text):
        code = herald_command.main()
    results.append([code, text.getvalue()])
print(json.dumps(results))
"""
WRONG = "expected a stack among dev; got 'prd'"
CHECKOUT = "Herald: this command needs a checkout of Herald; clone it and run the command there.\n"
STACK = ("--stack", "prd")
QUEUE = (*STACK, "--queue", "event")
REFUSED = {  # words of each command that it refuses, with its message
    ("status",): (STACK, WRONG),
    ("doctor",): (STACK, WRONG),
    ("diagram",): (STACK, WRONG),
    ("dead-letters", "list"): (QUEUE, WRONG),
    ("dead-letters", "show"): ((*QUEUE, "--id", "1"), WRONG),
    ("dead-letters", "redrive"): ((*QUEUE, "--all"), WRONG),
    ("dead-letters", "discard"): ((*QUEUE, "--all", "--yes"), WRONG),
    ("redrive",): ((*QUEUE, "--all"), WRONG),
    ("suppressed", "list"): (STACK, WRONG),
    ("suppressed", "remove"): ((*STACK, "--address", "ada@example.com"), WRONG),
    ("outputs",): (
        STACK,
        "Herald: expected the program `pulumi` on the PATH, but it is missing; install it, or for "
        "the local stack run `make shell`.\n",
    ),
    ("preview",): (STACK, CHECKOUT),
    ("run",): (("shop",), CHECKOUT),
    ("new", "service"): (
        ("invoices",),
        "Herald: expected a checkout of the project, found no "
        "stacks/platform/reminder_platform.py; change into its folder.\n",
    ),
    ("rename",): (("shop",), "Herald: the project is named 'shop' already; nothing was changed.\n"),
}


def leaves(command, *words):
    if not hasattr(command, "commands"):
        yield words
    for name, one in getattr(command, "commands", {}).items():
        yield from leaves(one, *words, name)


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheels")
    for project in ("infra", "operations"):
        build = ["build", "--wheel", "--no-build-isolation", "--python", sys.executable]
        subprocess.run([*UV, *build, "--out-dir", folder, PROJECT / project], check=True)
    return sorted(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def python(tmp_path_factory, wheels):
    """An environment with the wheels and the packages that they need, and nothing else of ours."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([*UV, "venv", "--clear", "--python", sys.executable, folder], check=True)
    python = folder / "bin" / "python"
    install = ["pip", "install", "--python", python, "--no-deps"]
    subprocess.run([*UV, *install, *wheels], check=True)
    [packages] = folder.glob("lib/*/site-packages")
    (packages / "dependencies.pth").write_text(f"{site.getsitepackages()[0]}\n")
    return python


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """The folder of an adopter, with modules named like ours."""
    folder = tmp_path_factory.mktemp("shop")
    (folder / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (folder / "Pulumi.dev.yaml").write_text("config:\n  aws:region: eu-central-1\n")
    for name in ("infra", "stacks", "services", "operations"):
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text("raise RuntimeError('imported')\n")
    (folder / "services" / "deep" / "down").mkdir(parents=True)
    return folder


def run(python: Path, folder: Path, code: str, given: object = None) -> str:
    environment = {"HOME": str(folder), "PATH": str(python.parent)}
    done = subprocess.run(
        [python, "-P", "-c", code],
        cwd=folder,
        env=environment,
        input=json.dumps(given),
        capture_output=True,
        text=True,
    )
    assert (done.stderr, done.returncode) == ("", 0)
    return done.stdout


def test_wheels_have_one_package_each(wheels):
    names = [
        {name.partition("/")[0] for name in zipfile.ZipFile(file).namelist()} for file in wheels
    ]
    assert names == [
        {"herald_command", "herald-0.1.0.dist-info"},
        {"herald_infra", "herald_infra-0.1.0.dist-info"},
    ]
    assert "herald_infra/py.typed" in zipfile.ZipFile(wheels[1]).namelist()


def test_component_example_runs(python, project):
    ours, created = map(json.loads, run(python, project, COMPONENTS).splitlines())
    assert ours == ["herald_infra"]
    assert created == [
        "herald:infra:ServiceRole",
        "herald:infra:SubscribedQueue",
        "herald:infra:Topic",
    ]


def test_every_command_shows_help(python, project):
    given = [[*words, "--help"] for words in ((), *leaves(get_command(app)))]
    imported, results = run(python, project, COMMANDS, given).splitlines()
    assert imported == "False"
    for code, text in json.loads(results):
        assert (code, text.lstrip()[:6]) == (0, "Usage:")


def test_every_command_refuses_wrong_words(python, project):
    assert set(REFUSED) == set(leaves(get_command(app)))
    given = [[*words, *wrong] for words, (wrong, _) in REFUSED.items()]
    _, results = run(python, project / "services" / "deep" / "down", COMMANDS, given).splitlines()
    for (code, text), (_, message) in zip(json.loads(results), REFUSED.values(), strict=True):
        assert code == 1
        assert message in text


def test_command_needs_a_project(python, tmp_path):
    herald = python.parent / "herald"
    environment = {**os.environ, "PATH": str(python.parent)}
    done = subprocess.run(
        [herald, "status", "--stack", "dev"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout, done.stderr) == (
        1,
        "",
        "Herald: expected Pulumi.yaml in this folder or one above it, found none; "
        "change into the folder of your project.\n",
    )
