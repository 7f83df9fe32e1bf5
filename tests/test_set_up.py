"""`make` where no package can be had: one sentence, and nothing counts as ready."""

import os
import shutil
import subprocess
import venv
from pathlib import Path

import pytest

from local.environment import PROJECT

pytestmark = pytest.mark.integration
SENTENCE = (
    "make: Python packages could not be installed; check the network and the package index"
    " (PIP_INDEX_URL, UV_DEFAULT_INDEX)"
)
NOWHERE = "http://127.0.0.1:1/simple"
SETTINGS = {
    "PIP_CONFIG_FILE": os.devnull,
    "PIP_INDEX_URL": NOWHERE,
    "PIP_RETRIES": "0",
    "HERALD_WAY": "native",
}


@pytest.fixture
def checkout(tmp_path):
    """The files that set-up reads, and a Python that has nothing but pip."""
    for name in ("Makefile", "pyproject.toml", "development.lock", "infra/pyproject.toml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(PROJECT / name, tmp_path / name)
    venv.create(tmp_path / ".venv", with_pip=True)
    return tmp_path


def make(checkout: Path, goal: str) -> subprocess.CompletedProcess[str]:
    inherited = {key: text for key, text in os.environ.items() if not key.startswith("PIP_")}
    variables = {**inherited, **SETTINGS}
    command = ["make", "--no-print-directory", goal]
    return subprocess.run(
        command, cwd=checkout, env=variables, capture_output=True, text=True, check=False
    )


def test_unreachable_index_is_one_sentence(checkout):
    done = make(checkout, ".venv/ready")
    assert done.returncode == 2
    assert "No matching distribution found for uv" in done.stderr
    assert done.stderr.splitlines()[-2] == SENTENCE
    assert not (checkout / ".venv" / "ready").exists()
