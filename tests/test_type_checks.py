"""mypy reads what our code uses of the AWS provider, and leaves out the rest for speed."""

import ast
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]
PROVIDER = "pulumi_aws"
INTERNAL = {"_enums", "_inputs", "_utilities", "config", "outputs", "provider"}


def read_services():
    """The services of the provider whose types mypy reads."""
    [names] = [o["module"] for o in SETTINGS["overrides"] if o.get("follow_imports") == "normal"]
    modules = {name.removesuffix(".*").removeprefix(f"{PROVIDER}.") for name in names}
    return modules - INTERNAL - {PROVIDER}


def find_services(source):
    """The services that a module of ours imports."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module == PROVIDER:
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"{PROVIDER}."):
            yield node.module.split(".")[1]
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if PROVIDER in alias.name)


def test_used_aws_services_are_checked():
    files = [file for folder in SETTINGS["files"] for file in (ROOT / folder).rglob("*.py")]
    texts = [file.read_text() for file in files if ".venv" not in file.parts]
    used = {name for text in texts if PROVIDER in text for name in find_services(text)}
    assert read_services() == used, "name them in the overrides of [tool.mypy] in pyproject.toml"
