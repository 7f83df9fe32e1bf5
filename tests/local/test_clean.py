"""`make clean` leaves no folder behind."""

import pytest

from local import __main__ as commands
from local import environment as places
from local.environment import Environment


@pytest.fixture
def users(tmp_path, monkeypatch):
    """The environments of two checkouts of a normal user, with root's files of each."""
    monkeypatch.setattr(places, "MACHINE_STATES", tmp_path / "machine")
    monkeypatch.setattr(commands.privileges, "command", lambda *words: list(words))
    monkeypatch.setattr(commands, "stop", lambda environment: [])
    environments = [Environment(tmp_path / name, owner=(1000, 1000)) for name in ("one", "two")]
    for environment in environments:
        (environment.machine_state / "containerd").mkdir(parents=True)
        environment.state.mkdir()
    return environments


def test_clean_removes_folders_of_root(users, tmp_path):
    one, two = users
    commands.clean(one)
    assert (one.state.exists(), one.machine_state.exists()) == (False, False)
    assert two.machine_state.exists()
    commands.clean(two)
    assert list(tmp_path.iterdir()) == []
