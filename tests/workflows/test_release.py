"""A tag becomes a release only if versions, notes and tests agree with it."""

import importlib.util
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from local.environment import PROJECT

VERSION = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"]


@pytest.fixture(scope="module")
def notes() -> ModuleType:
    spec = importlib.util.spec_from_file_location("notes", PROJECT / ".github/release_notes.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def project(tmp_path: Path) -> Path:
    service = tmp_path / "services" / "one"
    service.mkdir(parents=True)
    for folder in (tmp_path, service):
        (folder / "pyproject.toml").write_text('[project]\nversion = "1.2.0"\n')
    (tmp_path / "CHANGELOG.md").write_text(
        "# Changelog\n\n## [Unreleased]\n\n- later\n\n## [1.2.0] - 2030-01-31\n\n- now\n\n"
        "## [1.1.0]\n\n- before\n"
    )
    return tmp_path


def test_current_version_has_notes(notes, capsys):
    notes.main(f"v{VERSION}")
    assert len(capsys.readouterr().out.splitlines()) > 10


def test_notes_end_at_the_next_version(notes, project, capsys):
    notes.main("v1.2.0", project)
    assert capsys.readouterr().out == "- now\n"


def test_missing_notes_stop_the_release(notes, project):
    for file in project.rglob("pyproject.toml"):
        file.write_text('[project]\nversion = "1.3.0"\n')
    with pytest.raises(SystemExit, match="no text for 1.3.0"):
        notes.main("v1.3.0", project)


def test_differing_version_stops_the_release(notes, project):
    (project / "services" / "one" / "pyproject.toml").write_text('[project]\nversion = "1.1.0"\n')
    with pytest.raises(SystemExit, match="services/one/pyproject.toml has 1.1.0"):
        notes.main("v1.2.0", project)


def test_only_tested_tags_are_released():
    jobs = yaml.safe_load((PROJECT / ".github/workflows/release.yml").read_text())["jobs"]
    assert jobs["test"]["uses"] == "$/.github/workflows/test.yml"
    order = {name: jobs[name].get("needs") for name in jobs}
    assert order == {"test": None, "images": "test", "release": "images", "pypi": "release"}
    assert jobs["images"]["strategy"]["matrix"]["service"] == [
        "reminder-service",
        "event-service",
        "notification-scheduler",
        "notification-service",
    ]


def test_release_stores_no_key():
    text = (PROJECT / ".github/workflows/release.yml").read_text()
    assert "secrets." not in text
