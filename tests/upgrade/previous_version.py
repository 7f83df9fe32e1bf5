"""Finds the previous version in the history, and unpacks its services."""

import io
import os
import subprocess
import tarfile
import tomllib
from dataclasses import dataclass
from importlib.metadata import version as installed_version
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
UNUSED = {"tenacity"}  # required by this version, and imported nowhere in it
FIRST = "## [0.1.0]"  # the heading of the first version in the changelog


class HistoryMissing(Exception):
    """The history of the repository does not reach back to the previous version."""


@dataclass(frozen=True)
class Version:
    name: str
    services: Path

    @property
    def packages(self) -> list[Path]:
        return sorted(file.parent for file in self.services.glob("*/pyproject.toml"))

    @property
    def number(self) -> str:
        project = self.services / "service-runtime" / "pyproject.toml"
        number: str = tomllib.loads(project.read_text())["project"]["version"]
        return number

    @property
    def environment(self) -> dict[str, str]:
        """Let Python find these packages before those that are installed."""
        return {"PYTHONPATH": os.pathsep.join(map(str, self.packages))}

    @property
    def requirements(self) -> list[Requirement]:
        """Requirements of its services, besides those on its own packages."""
        projects = [
            tomllib.loads((package / "pyproject.toml").read_text())["project"]
            for package in self.packages
        ]
        own = {project["name"] for project in projects}
        parsed = [Requirement(one) for project in projects for one in project["dependencies"]]
        return [one for one in parsed if one.name not in own]


NEW = Version("new", ROOT / "services")


def previous_version(folder: Path, repository: Path = ROOT) -> Version:
    """Unpack the services of the newest release before this commit into a folder.

    Before the first release, this is the commit that added it to the changelog.
    """
    archive = _git(repository, "archive", "--format=tar", _previous(repository), "services")
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")
    return Version("old", folder / "services")


def unmet_requirements(version: Version) -> list[str]:
    """Return what a version needs and the virtual environment does not provide."""
    return [
        f"{one} is installed as {installed_version(one.name)}"
        for one in version.requirements
        if one.name not in UNUSED
        and not one.specifier.contains(installed_version(one.name), prereleases=True)
    ]


def _previous(repository: Path) -> str:
    if _git(repository, "rev-parse", "--is-shallow-repository").strip() != b"false":
        raise HistoryMissing(
            "The previous version is in the history, and this clone is shallow; "
            "run `git fetch --unshallow --tags`."
        )
    tags = _git(repository, "tag", "--merged", "HEAD^", "--list", "v*", "--sort=-version:refname")
    found = tags or _git(
        repository, "log", "--reverse", "--format=%H", f"-S{FIRST}", "--", "CHANGELOG.md"
    )
    if not found:
        raise HistoryMissing(
            f"Expected a tag such as v0.1.0 or a commit that adds `{FIRST}` to CHANGELOG.md, and "
            "found neither; fetch the whole history with `git fetch --tags`."
        )
    return found.split()[0].decode()


def _git(repository: Path, *arguments: str) -> bytes:
    ran = subprocess.run(["git", *arguments], cwd=repository, capture_output=True, check=False)
    if ran.returncode:
        raise HistoryMissing(
            "The previous version is in the history of the git repository, and "
            f"`git {arguments[0]}` failed: {ran.stderr.decode().strip()}; use a git clone."
        )
    return ran.stdout
