"""The images' packages fit every Python that a stack's base image has, not only the tests' own."""

import re
import tomllib
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from stacks.config.project import PROJECT as PROJECT_NAME

PROJECT = Path(__file__).parents[2]
OWN = {"event-messages", "service-runtime"}  # copied into the images as they are


def project(file: Path) -> dict[str, Any]:
    told: dict[str, Any] = tomllib.loads(file.read_text())["project"]
    return told


SERVICES = [project(file) for file in sorted(PROJECT.glob("services/*/pyproject.toml"))]


def python_of(stack_file: Path) -> str:
    base = yaml.safe_load(stack_file.read_text())["config"][f"{PROJECT_NAME}:images"]["base"]
    [version] = re.findall(r"python:(3\.[0-9]+)", base)
    return str(version)


PYTHONS = sorted({python_of(file) for file in PROJECT.glob("Pulumi.*.yaml")})


def locked() -> set[str]:
    lock = PROJECT / "services" / "dependencies" / "requirements.lock"
    return set(re.findall(r"(?m)^([a-z0-9-]+)==", lock.read_text()))


def needed(python: str) -> tuple[set[str], dict[str, str]]:
    """Every package that the services import, whatever imports it, and the Pythons of each."""
    environment = {
        **default_environment(),
        "python_version": python,
        "python_full_version": f"{python}.0",
    }
    waiting = [(Requirement(text), "") for each in SERVICES for text in each["dependencies"]]
    seen: set[tuple[str, str]] = set()
    pythons: dict[str, str] = {}
    while waiting:
        requirement, extra = waiting.pop()
        name = canonicalize_name(requirement.name)
        wanted = requirement.marker is None or requirement.marker.evaluate(
            {**environment, "extra": extra}
        )
        for own in {"", *requirement.extras} if wanted and name not in OWN else ():
            if (name, own) not in seen:
                seen.add((name, own))
                found = distribution(name)
                pythons[name] = found.metadata.get("Requires-Python") or ""
                waiting += [(Requirement(text), own) for text in found.requires or []]
    return set(pythons), pythons


def test_stacks_name_the_tested_pythons() -> None:
    assert PYTHONS == ["3.11", "3.12"]


def test_every_project_wants_the_same_python() -> None:
    root = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    wanted = root["project"]["requires-python"]
    assert {each["requires-python"] for each in SERVICES} == {wanted}
    assert wanted == f">={root['tool']['mypy']['python_version']}"
    assert root["tool"]["ruff"]["target-version"] == "py" + wanted[2:].replace(".", "")
    assert set(re.findall(r"--python-version (\S+)", (PROJECT / "Makefile").read_text())) == {
        wanted[2:]
    }
    assert all(python in SpecifierSet(wanted) for python in PYTHONS)


@pytest.mark.parametrize("python", PYTHONS)
def test_lock_file_fits_each_python(python: str) -> None:
    names, pythons = needed(python)
    assert names == locked()
    assert {name for name, spec in pythons.items() if python not in SpecifierSet(spec)} == set()


def test_dockerfile_names_no_other_base() -> None:
    dockerfile = (PROJECT / "services" / "Dockerfile").read_text()
    assert re.findall(r"(?m)^ARG BASE.*$", dockerfile) == ["ARG BASE"]
    assert set(re.findall(r"(?m)^FROM (\S+)", dockerfile)) == {"${BASE}"}
