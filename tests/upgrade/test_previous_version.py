"""The previous version is found in the history, and one sentence says what is missing."""

import subprocess
from pathlib import Path

import pytest

from tests.upgrade.previous_version import FIRST, HistoryMissing, previous_version


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Three commits: before the first version, the first version, and a later one."""
    repository = tmp_path / "repository"
    repository.mkdir()
    git(repository, "init", "--quiet")
    for number, changelog in enumerate(("", FIRST, FIRST)):
        commit(repository, f"0.{number}.0", changelog)
    return repository


def commit(repository: Path, number: str, changelog: str) -> None:
    (repository / "CHANGELOG.md").write_text(changelog)
    project = repository / "services" / "service-runtime" / "pyproject.toml"
    project.parent.mkdir(parents=True, exist_ok=True)
    project.write_text(f'project = {{ version = "{number}" }}')
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "--message", number)


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True)


def test_changelog_names_first_version(repository: Path, tmp_path: Path) -> None:
    assert previous_version(tmp_path / "old", repository).number == "0.1.0"


def test_newest_tag_before_commit_wins(repository: Path, tmp_path: Path) -> None:
    for number in ("0.9.0", "0.10.0"):
        commit(repository, number, FIRST)
        git(repository, "tag", f"v{number}")
    assert previous_version(tmp_path / "old", repository).number == "0.9.0"
    commit(repository, "0.11.0", FIRST)
    assert previous_version(tmp_path / "older", repository).number == "0.10.0"


def test_shallow_clone_is_refused(repository: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{repository}", "clone")
    with pytest.raises(HistoryMissing, match="run `git fetch --unshallow --tags`"):
        previous_version(tmp_path / "old", tmp_path / "clone")


def test_copy_without_history_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HistoryMissing, match="not a git repository.*; use a git clone"):
        previous_version(tmp_path / "old", tmp_path)


def test_history_without_release_is_refused(repository: Path, tmp_path: Path) -> None:
    git(repository, "checkout", "--quiet", "HEAD~2")
    commit(repository, "0.0.1", "")
    with pytest.raises(HistoryMissing, match="found neither"):
        previous_version(tmp_path / "old", repository)
